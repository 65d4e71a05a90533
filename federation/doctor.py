"""`stacfed doctor`: look at the log, the store and the settings, and say what to do. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import cast

import orjson

from catalogue.filters import equal
from catalogue.store import UNCHECKED, Query, Store, store_name
from cv.errors import BadVocabulary
from cv.layout import UNIVERSE
from cv.shelf import Shelf
from federation.advice import (
    ERROR,
    FINE,
    WARNING,
    Advice,
    RulesSeen,
    lag_advice,
    rules_advice,
    settings_advice,
    topic_advice,
    unchecked_advice,
)
from federation.engines import open_log, open_store
from federation.roles import Groups
from federation.rulebook import Rulebook
from federation.settings import Settings
from federation.urls import ElasticUrl, KafkaUrl, SqliteUrl
from index_node.recheck import WAITING
from schemas.shelf import SchemaShelf
from stream.errors import Unavailable
from stream.log import Log
from stream.topics import TopicFacts, Topics

ENGINE_DEADLINE_S = 20.0
UNCHECKED_READ_MAX = 100  # of the records kept aside, those that are asked what they miss


async def diagnose(settings: Settings) -> list[Advice]:
    """Everything there is to say, in the order in which it is looked at. An engine that is away is one finding."""
    found = [*settings_advice(settings), *rules_advice(await asyncio.to_thread(rules_seen, settings))]
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


def rules_seen(settings: Settings) -> RulesSeen:
    """What a process of this node would find in its folders."""
    try:
        book = Rulebook(settings)
        vocabularies = Shelf(settings.vocabularies_dir)
        known = [entry for entry in vocabularies.known() if entry.project != UNIVERSE]
        lacking = {
            project: (
                tuple(entry.version for entry in known if entry.project == project),
                any(
                    each.profile.vocabulary == project and each.profile.missing_vocabulary == "refuse"
                    for each in book.profiles.current
                ),
            )
            for project in book.lacking()
        }
        return RulesSeen(
            len(book.profiles.current),
            tuple(entry.label for entry in known if entry.current),
            lacking,
            len(SchemaShelf(settings.schemas_dir).known()),
            _damaged(vocabularies),
        )
    except (ValueError, OSError) as error:
        return RulesSeen(0, (), {}, 0, faults=tuple(str(error).splitlines()))


def _damaged(vocabularies: Shelf) -> tuple[str, ...]:
    """What is said of each vocabulary that cannot be used; every file is read whole."""
    found = vocabularies.damaged()
    for entry in vocabularies.known():
        try:
            vocabularies.load(entry.project, entry.sha256)
        except BadVocabulary as error:
            found.append(error)
    return tuple(map(str, found))


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
        async for advice in _unchecked_advice(store):
            yield advice


async def _unchecked_advice(store: Store) -> AsyncIterator[Advice]:
    page = await store.search(Query(UNCHECKED, filter=equal("state", WAITING), limit=UNCHECKED_READ_MAX))
    missing = {name for body in page.bodies for name in orjson.loads(body)["missing"]}
    for advice in unchecked_advice(page.matched, sorted(missing)):
        yield advice


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
