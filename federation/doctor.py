"""`stacfed doctor`: look at the log, the store and the settings, and say what to do. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import cast

from catalogue.store import Store, store_name
from federation.advice import ERROR, FINE, WARNING, Advice, lag_advice, settings_advice, topic_advice
from federation.engines import open_log, open_store
from federation.roles import Groups
from federation.settings import Settings
from federation.urls import ElasticUrl, KafkaUrl, SqliteUrl
from stream.errors import Unavailable
from stream.log import Log
from stream.topics import TopicFacts, Topics

ENGINE_DEADLINE_S = 20.0


async def diagnose(settings: Settings) -> list[Advice]:
    """Everything there is to say, in the order in which it is looked at. An engine that is away is one finding."""
    found = list(settings_advice(settings))
    for url in (settings.log, settings.store):
        if isinstance(url, SqliteUrl) and not url.path.exists():  # to open it would make it
            return [
                *found,
                Advice(WARNING, str(url.path), "does not exist yet", "start the node: it makes it"),
            ]
    log, store = open_log(settings), open_store(settings)
    topics = Topics(settings.topic_prefix, settings.generation)
    try:
        found += await _asked("the log", topics_advice(settings, log, topics))
        found += await _asked("the store", _store_advice(settings, store))
        if not any(advice.level == ERROR for advice in found):
            found += await _asked("the followers", _followers_advice(settings, log, store, topics))
    finally:
        await asyncio.gather(log.close(), store.close())
    return found


async def topics_advice(settings: Settings, log: Log, topics: Topics) -> AsyncIterator[Advice]:
    """Every topic of the federation beside what it should be."""
    wanted = topics.partitions(settings.partitions)
    config: Mapping[str, str] = {}
    if isinstance(settings.log, KafkaUrl):
        from stream.kafka import KafkaLog

        kafka = cast(KafkaLog, log)
        config, facts = await kafka.topic_config(), await kafka.facts(list(wanted))
    else:
        facts = [await _facts(log, topic) for topic in wanted]
    for fact in facts:
        for advice in topic_advice(wanted[fact.topic], config, fact):
            yield advice


async def index_advice(settings: Settings, store: Store) -> AsyncIterator[Advice]:
    """Templates, indices and aliases beside what they should be; nothing for a file."""
    if isinstance(settings.store, ElasticUrl):
        from catalogue.elastic import ElasticStore

        for finding in await cast(ElasticStore, store).check():
            detail, _, do = finding.rpartition(": ")
            yield Advice(ERROR, "the indices", detail, do)


async def _facts(log: Log, topic: str) -> TopicFacts:
    try:
        return TopicFacts(topic, await log.partitions(topic))
    except KeyError:
        return TopicFacts(topic)


async def _store_advice(settings: Settings, store: Store) -> AsyncIterator[Advice]:
    async for advice in index_advice(settings, store):
        yield advice
    name = await store_name(store)
    if name is None:
        yield Advice(WARNING, "the store", "is new: no node has used it yet", "start the node")
    else:
        yield Advice(FINE, "the store", f"answers, and is named {name}")


async def _followers_advice(
    settings: Settings, log: Log, store: Store, topics: Topics
) -> AsyncIterator[Advice]:
    """How far this node's groups have read, and what lies among the dead letters."""
    name = await store_name(store)
    if name is not None:
        groups = Groups(settings.node, name)
        for group, read in (
            (groups.index, (topics.collections, topics.transactions)),
            (groups.handles, (topics.success, topics.errors)),
            (groups.alerts, (topics.success, topics.errors)),
        ):
            for topic in read:
                for advice in lag_advice(
                    group, topic, await log.end(topic), await log.committed(group, topic)
                ):
                    yield advice
    letters = sum(await log.end(topics.dead_letters))
    if letters:
        yield Advice(
            WARNING,
            f"topic {topics.dead_letters}",
            f"holds {letters} messages",
            "see stacfed deadletter list",
        )


async def _asked(what: str, advices: AsyncIterator[Advice]) -> list[Advice]:
    """All of them, or that there was no answer."""
    found: list[Advice] = []
    try:
        async with asyncio.timeout(ENGINE_DEADLINE_S):
            async for advice in advices:
                found.append(advice)
    except Unavailable as error:
        found.append(
            Advice(
                ERROR,
                what,
                f"cannot be used: {error}",
                "see whether it runs, and the settings of its address",
            )
        )
    except TimeoutError:
        found.append(
            Advice(ERROR, what, f"no answer within {ENGINE_DEADLINE_S:.0f} s", "see whether it runs")
        )
    return found
