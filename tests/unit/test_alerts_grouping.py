"""Trays: a thousand failures are one message, every limit holds, and whatever a limit drops is counted."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from alerts.grouping import (
    HOUR_S,
    Limits,
    Tray,
    Wish,
    decode_tray,
    delivered,
    encode_tray,
    fold,
    lose,
    pack,
    post_confirmation,
    standing,
    take_in,
    take_out,
)
from alerts.notices import Notice
from alerts.wording import message_of

LIMITS = Limits()
AT_ONCE, DAILY = Wish(), Wish(period_s=86_400)
T0 = 1_780_000_000
ANOMALY = Notice(
    "anomaly", "CMIP6", "a", "h1", "e1", "north", "ann", "client", "2026-06-01T00:00:00Z", "facet", "is wrong"
)  # fmt: skip
REFUSAL = replace(ANOMALY, kind="rejected", begins=True)
INDEXED = replace(ANOMALY, kind="indexed", check="", detail="", begins=True)


def texts(tray: Tray) -> list[str]:
    return [message_of(parcel, "d1", "north").text for parcel in tray.outbox]


def test_a_thousand_failures_are_one_message() -> None:
    tray = Tray()
    assert fold(
        tray, "e/0", [(n, replace(ANOMALY, item_id=f"i{n}")) for n in range(1000)], AT_ONCE, T0, LIMITS
    )
    assert not pack(tray, AT_ONCE, T0 + LIMITS.gather_s - 1, LIMITS)
    assert pack(tray, AT_ONCE, T0 + LIMITS.gather_s, LIMITS)
    [parcel] = tray.outbox
    message = message_of(parcel, "d1", "north")
    assert message.subject == "[stacfed north] 1,000 anomalies in CMIP6"
    assert "and 997 more of this kind" in message.text
    assert [example["item_id"] for example in message.data["groups"][0]["examples"]] == ["i0", "i1", "i2"]


def test_more_of_the_same_waits_for_the_next_message() -> None:
    tray, now_s = Tray(), T0 + LIMITS.gather_s
    take_in(tray, ANOMALY, AT_ONCE, T0, LIMITS)
    assert pack(tray, AT_ONCE, now_s, LIMITS)
    for second in range(500):
        take_in(tray, ANOMALY, AT_ONCE, now_s + second, LIMITS)
        assert not pack(tray, AT_ONCE, now_s + second, LIMITS)
    take_in(tray, replace(ANOMALY, check="bbox"), AT_ONCE, now_s + 500, LIMITS)
    assert pack(tray, AT_ONCE, now_s + 530, LIMITS), "another group does not wait for this one"
    assert pack(tray, AT_ONCE, now_s + LIMITS.rate_s, LIMITS)
    assert [[(g.check, g.count) for g in parcel.groups] for parcel in tray.outbox] == [
        [("facet", 1)], [("bbox", 1)], [("facet", 500)],
    ]  # fmt: skip


def test_an_hour_has_so_many_messages_and_no_notice_is_lost() -> None:
    tray, sent = Tray(), 0
    for n in range(HOUR_S // 40):
        take_in(tray, replace(ANOMALY, check=f"check {n}"), AT_ONCE, T0 + n * 40, LIMITS)
        if pack(tray, AT_ONCE, T0 + n * 40 + 35, LIMITS):
            sent += 1
            told = take_out(tray, T0 + n * 40 + 35, 0.0, LIMITS)
            assert all(delivered(tray, parcel.number) for parcel in told)
    assert sent == LIMITS.messages_per_hour_max
    assert len(tray.groups) == LIMITS.groups_max
    assert sum(group.count for group in tray.groups.values()) == HOUR_S // 40 - sent
    assert pack(tray, AT_ONCE, T0 + 2 * HOUR_S, LIMITS)
    [parcel] = tray.outbox
    assert parcel.notices == HOUR_S // 40 - sent


def test_what_is_too_varied_is_one_group() -> None:
    tray = Tray()
    for n in range(1000):
        take_in(tray, replace(ANOMALY, collection=f"c{n}"), AT_ONCE, T0, LIMITS)
    assert len(tray.groups) == LIMITS.groups_max
    assert tray.groups["other"].count == 1000 - LIMITS.groups_max + 1
    assert len(encode_tray(tray)) < 100_000


def test_an_outbox_that_overflows_says_what_is_lost() -> None:
    tray, limits = Tray(), replace(LIMITS, messages_per_hour_max=100, gather_s=0)
    for n in range(limits.outbox_max + 5):
        take_in(tray, replace(ANOMALY, check=f"{n}"), AT_ONCE, T0, limits)
        assert pack(tray, AT_ONCE, T0, limits)
    assert len(tray.outbox) == limits.outbox_max
    assert sum(parcel.notices for parcel in tray.outbox) + tray.lost == limits.outbox_max + 5
    assert "1 earlier notices could not be delivered" in texts(tray)[-1]


def test_a_message_given_up_is_counted_in_the_next() -> None:
    tray, now_s = Tray(), T0
    take_in(tray, ANOMALY, AT_ONCE, now_s, LIMITS)
    now_s += LIMITS.gather_s
    pack(tray, AT_ONCE, now_s, LIMITS)
    waits = []
    for _ in range(LIMITS.tries_max):
        [parcel] = take_out(tray, now_s, 0.5, LIMITS)
        assert not take_out(tray, parcel.next_s - 1, 0.5, LIMITS), "the next try is booked"
        waits.append(parcel.next_s - now_s)
        now_s = parcel.next_s
    assert waits[:3] == [75, 150, 300]
    assert max(waits) == LIMITS.retry_longest_s * 1.25
    assert not take_out(tray, now_s, 0.5, LIMITS)
    assert (tray.outbox, tray.lost) == ([], 1)
    take_in(tray, ANOMALY, AT_ONCE, now_s, LIMITS)
    pack(tray, AT_ONCE, now_s + LIMITS.gather_s, LIMITS)
    assert "1 earlier notices could not be delivered" in texts(tray)[0]
    assert tray.lost == 0


def test_a_digest_comes_once_in_a_period() -> None:
    tray = Tray()
    for n in range(400):
        take_in(
            tray,
            INDEXED if n % 4 else replace(INDEXED, kind="unchanged", begins=False),
            DAILY,
            T0 + n,
            LIMITS,
        )
    for n in range(7):
        take_in(tray, replace(REFUSAL, item_id=f"r{n}"), DAILY, T0 + 500, LIMITS)
    assert not pack(tray, DAILY, T0 + 86_399, LIMITS)
    assert pack(tray, DAILY, T0 + 86_400, LIMITS)
    assert not pack(tray, DAILY, T0 + 10 * 86_400, LIMITS), "nothing has happened since"
    message = message_of(tray.outbox[0], "s1", "north")
    assert (
        message.subject == "[stacfed north] 7 refusals, 300 records indexed, 100 records unchanged in CMIP6"
    )
    assert "in 307 requests" in message.text
    assert "and 4 more of this kind" in message.text
    assert message.data["counts"] == {"indexed": 300, "unchanged": 100, "rejected": 7}


def test_what_is_urgent_comes_at_once_and_counts_in_the_digest() -> None:
    tray = Tray()
    take_in(tray, ANOMALY, DAILY, T0, LIMITS)
    assert pack(tray, DAILY, T0 + 30, LIMITS)
    assert pack(tray, DAILY, T0 + 86_400, LIMITS)
    assert [(p.kind, len(p.groups), p.counts) for p in tray.outbox] == [
        ("urgent", 1, {}), ("digest", 0, {"anomaly": 1}),
    ]  # fmt: skip


def test_who_wants_nothing_at_once_has_it_in_the_digest() -> None:
    tray, wish = Tray(), Wish(urgent=False, period_s=3600)
    take_in(tray, ANOMALY, wish, T0, LIMITS)
    assert not pack(tray, wish, T0 + 3599, LIMITS)
    assert pack(tray, wish, T0 + 3600, LIMITS)
    assert "1 anomaly in CMIP6, check facet" in texts(tray)[0]


def test_an_alarm_is_told_when_it_begins_to_stand() -> None:
    tray, alarm = Tray(), replace(ANOMALY, kind="parked", collection="", check="index")
    assert standing(tray, "north.a", {"k": alarm}, T0, LIMITS)
    assert not standing(tray, "north.a", {"k": alarm}, T0 + 10, LIMITS)
    assert standing(tray, "north.b", {"k": alarm}, T0 + 10, LIMITS), "another process has its own"
    assert standing(tray, "north.a", {}, T0 + 20, LIMITS)
    assert pack(tray, AT_ONCE, T0 + 30, LIMITS)
    assert message_of(tray.outbox[0], "d1", "north").subject == "[stacfed north] 2 parked datasets"
    assert tray.alarms == {"north.b": ["k"]}


@given(cuts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12), seed=st.integers(0, 5))
def test_reading_again_from_anywhere_changes_nothing(cuts: list[tuple[int, int]], seed: int) -> None:
    kinds = [ANOMALY, REFUSAL, INDEXED]
    told = [(n, replace(kinds[(n * 7 + seed) % 3], item_id=f"{n}")) for n in range(30)]
    once, again = Tray(), Tray()
    fold(once, "e/0", told, DAILY, T0, LIMITS)
    done = 0
    for start, end in cuts:
        first = min(start, done)  # a follower begins where it has committed, or before
        fold(again, "e/0", told[first:end], DAILY, T0, LIMITS)
        done = max(done, end)
        again = decode_tray(encode_tray(again))
    fold(again, "e/0", told[done:], DAILY, T0, LIMITS)
    assert again == once


def test_a_tray_is_stored_whole() -> None:
    tray, tick = Tray(), count(T0, 40)
    for kind in (ANOMALY, REFUSAL, INDEXED, ANOMALY):
        fold(tray, "e/0", [(next(tick), kind)], DAILY, T0, LIMITS)
    post_confirmation(tray, {"token": "t", "about": "collection CMIP6"}, T0, LIMITS)
    pack(tray, DAILY, T0 + 100_000, LIMITS)
    take_in(tray, REFUSAL, DAILY, T0 + 100_000, LIMITS)
    take_out(tray, T0 + 100_000, 0.3, LIMITS)
    assert len(tray.outbox) == 3
    assert decode_tray(encode_tray(tray)) == tray
    assert lose(tray, 2)
    assert not lose(tray, 2)
