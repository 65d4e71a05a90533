"""Every metric of the product by its name. Dashboards depend on these names: they are added, never changed."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# The doors: what was asked and how it was answered (route is the path's pattern, never the path).
REQUESTS = Counter(
    "stacfed_http_requests_total", "Answers given, by route and status.", ["route", "method", "status"]
)
REQUEST_SECONDS = Histogram("stacfed_http_request_seconds", "Time to answer.", ["route"], buckets=SECONDS)
EVENTS_ACCEPTED = Counter("stacfed_events_accepted_total", "Events acknowledged by the log.")
EVENTS_REFUSED = Counter("stacfed_events_refused_total", "Requests refused at the door.", ["kind"])

# Alerts: what was sent to operators and publishers.
ALERT_MESSAGES = Counter(
    "stacfed_alert_messages_total", "Messages tried, by kind of destination and end.", ["kind", "end"]
)
ALERT_NOTICES_LOST = Counter("stacfed_alert_notices_lost_total", "Notices in messages that were given up.")

# The followers: what was read and what became of it.
EVENTS_READ = Counter("stacfed_events_read_total", "Messages read from the log.", ["follower"])
OUTCOMES = Counter("stacfed_outcomes_total", "Outcomes of decided events.", ["follower", "action", "outcome"])
UNCHECKED = Gauge("stacfed_unchecked_records", "Records applied unchecked for want of their rules.", ["node"])
ROUND_SECONDS = Histogram("stacfed_round_seconds", "Time of one round.", ["follower"], buckets=SECONDS)
DEAD_LETTERS = Counter(
    "stacfed_dead_letters_total", "Messages that could not be decoded.", ["follower", "kind"]
)
RETRIES = Counter(
    "stacfed_retries_total", "Rounds tried again because something was unavailable.", ["follower"]
)
PARKED = Gauge("stacfed_parked_datasets", "Datasets set aside after a fault.", ["follower"])
PAUSED = Gauge(
    "stacfed_follower_paused", "1 while the follower waits for something unavailable.", ["follower"]
)
LAG = Gauge("stacfed_lag_events", "Messages that are not done yet.", ["follower", "topic", "partition"])
