"""Requests and what must come of them; sent to the nodes of a federation in turn, and the comparison at the end."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from catalogue.record import Record, decode_record
from catalogue.store import ITEMS, Document, Ref
from stream.events import Event
from tests.model.compare import shown_by_fold, shown_by_model
from tests.model.model import Model
from tests.support.fold import MemoryFold
from tests.support.http import Json, Served, problem
from tests.support.nodes import documents_of, modelled

Nodes = Sequence[Served]
AT_ONCE, PAGE = 16, 1000
# The state of a handle by the end of its request; any other end is the problem of a refusal at the door.
STATES = {"indexed": "settled", "unchanged": "settled"} | {
    state: state for state in ("settled", "rejected", "attention")
}


@dataclass(frozen=True)
class Ask:
    """One request. `end` is the outcome at every node, the state of the handle, or the problem of a refusal."""

    what: str
    method: str
    path: str
    body: Any = None
    kind: str = "application/json"
    end: str = "indexed"

    @property
    def accepted(self) -> bool:
        """Whether the door lets it in."""
        return self.end in STATES

    @property
    def weight(self) -> int:
        """How many records it is about."""
        return len(self.body["features"]) if isinstance(self.body, dict) and "features" in self.body else 1


@dataclass(frozen=True)
class End:
    """How a record must be at the end; `nodes` are those with a location, `owner` counts where it is named."""

    state: str = "active"
    latest: bool = True
    revision: int = 1
    nodes: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    owner: str | None = None
    shows: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Life:
    """What happens to some records, stage after stage; the requests of a stage go out together."""

    stages: list[list[Ask]]
    ends: dict[str, End]


def census(lives: Iterable[Life]) -> Counter[str]:
    """How many of what are asked; those that are refused or change nothing are counted by their end, too."""
    found: Counter[str] = Counter()
    for ask in (ask for life in lives for stage in life.stages for ask in stage):
        found[ask.what] += ask.weight
        if ask.end != "indexed":
            found[f"{ask.what}: {ask.end}"] += ask.weight
    return found


async def play(lives: Iterable[Life], nodes: Nodes) -> dict[str, str]:
    """Live all lives, some at once; the state that each accepted request came to, by handle."""
    turn, gate, found = itertools.cycle(nodes), asyncio.Semaphore(AT_ONCE), dict[str, str]()

    async def one(life: Life) -> None:
        async with gate:
            for stage in life.stages:
                handles = await asyncio.gather(*(send(ask, turn) for ask in stage))
                found.update(
                    {handle: STATES[ask.end] for ask, handle in zip(stage, handles, strict=True) if handle}
                )

    async with asyncio.TaskGroup() as group:
        for life in lives:
            group.create_task(one(life))
    return found


async def send(ask: Ask, turn: Iterator[Served]) -> str | None:
    """Send it to the node whose turn it is, wait for its end, which must be as it says; the handle if there is one."""
    served = next(turn)
    body = None if ask.body is None else orjson.dumps(ask.body)
    answer = await served.http.request(ask.method, ask.path, content=body, headers={"content-type": ask.kind})
    if not ask.accepted:
        problem(answer, ask.end)
        return None
    assert answer.status_code == 202, f"{ask.what} of {ask.path}: {answer.text}"
    handle = await served.ended(answer.json()["id"], STATES[ask.end])
    if ask.end in ("indexed", "unchanged"):
        told = [(outcome["node"], outcome["outcome"]) for outcome in handle["outcomes"]]
        assert told == [("n1", ask.end), ("n2", ask.end)], handle
    return str(handle["id"])


async def check_catalogues(nodes: Nodes) -> tuple[list[Event], Model, dict[Ref, Document]]:
    """Every node holds the same bytes, and those are what the model makes of the log."""
    for served in nodes:
        await served.caught_up()
    events = await nodes[0].events()
    model = modelled(events)
    first, *others = [await documents_of(served.node.store, events) for served in nodes]
    assert all(documents == first for documents in others), "the nodes differ"
    check_documents(first, model)
    digests = [await served.digest() for served in nodes]
    assert all(digest == digests[0] for digest in digests)
    counted = sum(found["count"] for found in digests[0]["collections"].values())
    assert counted == sum(ref.kind == ITEMS for ref in first), "a record that no event names"
    return events, model, first


def check_documents(documents: Mapping[Ref, Document], model: Model) -> None:
    """Dataset by dataset, the documents say what the model says."""
    by_key: defaultdict[str, dict[str, tuple[int, bytes]]] = defaultdict(dict)
    for ref, document in documents.items():
        by_key[ref.routing][ref.id] = (document.version, document.body)
    assert by_key.keys() <= model.datasets.keys()
    for key in model.datasets:
        assert shown_by_fold(MemoryFold(by_key[key]), key) == shown_by_model(model, key)


def check_ends(documents: Mapping[Ref, Document], ends: Mapping[str, End]) -> None:
    """Every record is as it must be at the end, and there is no other."""
    records = [decode_record(document.body) for ref, document in documents.items() if ref.kind == ITEMS]
    assert {record.id for record in records} == ends.keys()
    for record in records:
        assert shown(record, ends[record.id]) == ends[record.id], record.id


def shown(record: Record, like: End) -> End:
    """The record as an end is written, with the parts that this one names."""
    nodes = {node for asset in record.item["assets"].values() for node in asset.get("alternate", {})}
    return End(
        record.state, record.latest, record.revision, tuple(sorted(nodes)), record.holders,
        record.owner if like.owner else None,
        {name: record.item["properties"].get(name) for name in like.shows},
    )  # fmt: skip


async def check_handles(nodes: Nodes, states: Mapping[str, str]) -> None:
    """Each node knows these requests and no other, each in this final state."""
    for served in nodes:
        assert await listed(served) == states


async def listed(served: Served) -> dict[str, str]:
    """The state of every request about items that the node lists."""
    found, after = dict[str, str](), ""
    while after is not None:
        parameters: Json = {"collection": "CMIP6", "limit": PAGE} | ({"after": after} if after else {})
        page = (await served.http.get("/requests", params=parameters)).json()
        found |= {request["id"]: request["state"] for request in page["requests"]}
        after = page["next"]
    return found


async def check_outcomes(nodes: Nodes, events: Iterable[Event], model: Model) -> None:
    """Both nodes have said of every event what the model says, and every handle tells it, a feature's too."""
    turn = itertools.cycle(nodes)
    for event in events:
        found = (await next(turn).http.get(f"/requests/{event.id}")).json()
        word = model.outcomes[event.key, event.id]
        assert found["state"] == STATES[word], found
        assert [(told["node"], told["outcome"]) for told in found["outcomes"]] == [("n1", word), ("n2", word)]
