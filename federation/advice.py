"""What `stacfed doctor` makes of what it has seen: findings, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from federation.urls import ElasticUrl, KafkaUrl
from stream.topics import TopicFacts

if TYPE_CHECKING:
    from federation.settings import Settings

ERROR, WARNING, FINE = "error", "warning", "ok"
LAG_WARNED = 10_000
LOG_ALONE, RULES = "log:", "the rules"


class Advice(NamedTuple):
    """`level` is error, warning or ok; `do` is empty where there is nothing to do."""

    level: str
    about: str
    detail: str
    do: str = ""


class RulesSeen(NamedTuple):
    """What lies in the folders of profiles, vocabularies and schemas.

    `faults` is why they cannot be read as a whole, `damaged` the vocabularies that cannot be used one by one.
    `lacking` are projects that profiles name and that have no vocabulary in use: the versions that are known, and
    whether a profile refuses records for the want of one.
    """

    profiles: int
    in_use: tuple[str, ...]
    lacking: Mapping[str, tuple[tuple[str, ...], bool]]
    schemas: int
    damaged: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def settings_advice(settings: Settings) -> Iterator[Advice]:
    """Settings that are allowed, and yet not what an operator of several sites wants."""
    kafka, elastic = isinstance(settings.log, KafkaUrl), isinstance(settings.store, ElasticUrl)
    if settings.node not in settings.expected_nodes:
        yield Advice(
            WARNING, "STACFED_EXPECTED_NODES", f"{settings.node} is not among {', '.join(settings.expected_nodes)}",
            "add it, unless nobody shall wait for what this node's index says",
        )  # fmt: skip
    if kafka and settings.handle_key is None:
        yield Advice(
            ERROR,
            "STACFED_HANDLE_KEY",
            "is not set: each door draws a key of its own and does not know the handles of the others",
            "set the same secret at every door of the federation",
        )
    if kafka and settings.log_password and not settings.log_security.endswith("SSL"):
        yield Advice(WARNING, "STACFED_LOG_SECURITY", "the password travels in clear text", "use SASL_SSL")
    secret = settings.store_api_key or settings.store_password
    if elastic and secret and (settings.store_url or "").startswith("http:"):
        yield Advice(WARNING, "STACFED_STORE_URL", "the secret travels in clear text", "use https://")
    if settings.store_refresh_ms > settings.delivery_deadline_s * 1000:
        yield Advice(
            WARNING,
            "STACFED_STORE_REFRESH_MS",
            "searches lag behind the deadline of handles",
            "make it shorter",
        )
    if set(settings.alerts) <= {LOG_ALONE}:
        yield Advice(
            WARNING, "STACFED_ALERTS", "anomalies and stopped followers are told to the log alone",
            "name a mail address or a webhook, then try it with stacfed alerts test",
        )  # fmt: skip


def topic_advice(wanted: int, config: Mapping[str, str], found: TopicFacts) -> Iterator[Advice]:
    """A topic beside what it should be: its partitions, its settings, its copies."""
    about = f"topic {found.topic}"
    if found.partitions is None:
        yield Advice(ERROR, about, "is missing", "run stacfed topics create")
        return
    if found.partitions != wanted:
        yield Advice(
            ERROR, about, f"has {_partitions(found.partitions)}, not {wanted}",
            "set STACFED_PARTITIONS to what the log was created with; the number never changes",
        )  # fmt: skip
    for name, value in sorted(config.items()):
        if found.config.get(name) != value:
            yield Advice(
                ERROR, about, f"{name} is {found.config.get(name, 'not set')}, not {value}",
                f"kafka-configs --alter --topic {found.topic} --add-config {name}={value}",
            )  # fmt: skip
    if found.replicas is not None and found.in_sync is not None and found.in_sync < found.replicas:
        yield Advice(
            WARNING,
            about,
            f"{found.in_sync} of {found.replicas} copies are in sync",
            "look after the brokers",
        )
    if found.partitions == wanted:
        yield Advice(FINE, about, _partitions(found.partitions))


def lag_advice(group: str, topic: str, ends: Sequence[int], committed: Sequence[int]) -> Iterator[Advice]:
    """How far a group has read a topic, partition by partition."""
    about = f"group {group}"
    lags = [end - done for end, done in zip(ends, committed, strict=True)]
    for partition, (end, done) in enumerate(zip(ends, committed, strict=True)):
        if done > end:
            yield Advice(
                ERROR, about, f"has read {topic}/{partition} up to {done}, where it ends at {end}",
                "the log is older than this node's store: restore the right log, or give the node an empty store",
            )  # fmt: skip
    told = ", ".join(f"{number}: {lag}" for number, lag in enumerate(lags))
    if max(lags) > LAG_WARNED:
        yield Advice(
            WARNING, about, f"lag of {topic} by partition {told}", "add workers, or see whether it is paused"
        )
    else:
        yield Advice(FINE, about, f"lag of {topic} by partition {told}")


def rules_advice(found: RulesSeen) -> Iterator[Advice]:
    """Profiles, vocabularies and schemas: what cannot be used, what is missing, and what there is."""
    for fault in found.faults:
        yield Advice(
            ERROR, RULES, fault,
            "mend it, or bring it again from its source: running processes keep what they have, and none starts",
        )  # fmt: skip
    for fault in found.damaged:
        yield Advice(
            ERROR, RULES, fault, "remove the file and import the vocabulary again, or copy it from another node"
        )  # fmt: skip
    for project, (known, refused) in sorted(found.lacking.items()):
        what = "its records are refused" if refused else "its terms are not checked"
        load = "" if known else f"stacfed cv import the vocabulary of {project}, then "
        yield Advice(
            ERROR if refused else WARNING, f"vocabulary {project}", f"none is in use: {what}",
            f"{load}stacfed cv use {project} {' or '.join(known) or 'VERSION'}",
        )  # fmt: skip
    if not found.faults:
        used = ", ".join(found.in_use) or "no vocabulary"
        detail = f"{_counted(found.profiles, 'profile')}, {used} in use, {_counted(found.schemas, 'schema')}"
        yield Advice(FINE, RULES, detail)


def unchecked_advice(count: int, missing: Sequence[str]) -> Iterator[Advice]:
    """Records that were applied unchecked, and what is missing to check them."""
    if count:
        yield Advice(
            WARNING, "records kept aside", f"{count} applied unchecked for want of {', '.join(missing)}",
            "import it as the other nodes did; a running node then checks them by itself",
        )  # fmt: skip


def _partitions(count: int) -> str:
    return _counted(count, "partition")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
