"""The round of an index node on dictionaries: heads first, lowerings before raises, nothing twice.

Documents are kept as the bytes a store would keep, each with the position that wrote it. A hook may stop
the fold after any single write; the same log is then read again from wherever the reader likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from catalogue.admission import check_action
from catalogue.decide import Decision, decide, finish
from catalogue.head import Head, decode_head, encode_head
from catalogue.record import Record, decode_record, encode_record
from stream.events import Event, decode, encode

Placed = tuple[int, Event]
Log = Sequence[Placed]


class Crash(Exception):
    """The process has died; what was written stays."""


def crash_after(writes: int) -> Callable[[str], None]:
    """A hook that lets so many writes through and dies right after the last of them."""
    left = writes

    def hook(document: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash(document)

    return hook


def placed(events: Iterable[Event], first: int = 1) -> list[Placed]:
    """Events as a reader gets them: through their bytes, at rising positions."""
    return [(first + offset, decode(encode(event))) for offset, event in enumerate(events)]


def one_event_per_dataset(batch: Sequence[Placed]) -> Iterator[list[Placed]]:
    """The batch in parts; a dataset's second event waits for its first."""
    part: list[Placed] = []
    for position, event in batch:
        if any(event.key == other.key for _, other in part):
            yield part
            part = []
        part.append((position, event))
    if part:
        yield part


def batches(log: Log, sizes: Iterable[int]) -> Iterator[Log]:
    """The log in batches of the given sizes; what is left is the last one."""
    at = 0
    for size in sizes:
        yield log[at : at + size]
        at += size
    yield log[at:]


@dataclass(slots=True)
class _Task:
    """One event in a round: the head that counts, and its record where it was decided just now."""

    position: int
    event: Event
    head: Head
    record: Record | None


@dataclass(slots=True)
class MemoryFold:
    """A catalogue of one node. `documents` maps an id to (position, bytes)."""

    documents: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    outcomes: dict[int, str] = field(default_factory=dict)  # by position; not part of the catalogue
    on_write: Callable[[str], None] = lambda document: None
    writes: int = 0

    def apply(self, position: int, event: Event) -> str:
        """One event in a round of its own; its outcome."""
        self.round([(position, event)])
        return self.outcomes[position]

    def replay(self, log: Log, sizes: Iterable[int] = ()) -> None:
        """The log in batches, cut so that no part holds two events of one dataset."""
        for batch in batches(log, sizes):
            for part in one_event_per_dataset(batch):
                self.round(part)

    def round(self, part: Sequence[Placed]) -> None:
        """Read everything, decide, write heads, lowerings, raises. Safe to repeat at any point."""
        tasks = [task for task in [self._decided(position, event) for position, event in part] if task]
        known = {item_id: self._record(item_id) for task in tasks for item_id in _targets(task)}
        for task in tasks:
            self._write(f"h:{task.event.key}", task.position, encode_head(task.head))
        for lower in (True, False):
            for task in tasks:
                for item_id in task.head.lowers if lower else task.head.raises:
                    self._finish(task, item_id, known[_document(task.event, item_id)])

    def head(self, key: str) -> Head | None:
        """The head of a dataset as it is stored."""
        found = self.documents.get(f"h:{key}")
        return decode_head(found[1]) if found else None

    def records(self, key: str) -> dict[str, Record]:
        """The records of a dataset as they are stored, by item id."""
        found = [decode_record(body) for name, (_, body) in self.documents.items() if name.startswith("i:")]
        return {record.id: record for record in found if record.key == key}

    def bodies(self) -> dict[str, bytes]:
        """Every document without its position."""
        return {name: body for name, (_, body) in self.documents.items()}

    def _decided(self, position: int, event: Event) -> _Task | None:
        check_action(event)
        head = self.head(event.key)
        if head is None or head.position < position:
            decision = decide(event, position, head, self._record(_document(event, event.item_id)))
            self.outcomes[position] = decision.outcome
            return _Task(position, event, *_written(decision))
        entry = head.entry(event.id)
        if entry is not None:
            self.outcomes[position] = entry.outcome
        return _Task(position, event, head, None) if head.position == position else None

    def _finish(self, task: _Task, item_id: str, old: Record | None) -> None:
        name = _document(task.event, item_id)
        if self.documents.get(name, (0, b""))[0] >= task.position:
            return
        decided = task.record if task.record is not None and item_id == task.event.item_id else None
        self._write(name, task.position, encode_record(decided or finish(task.event, task.head, old)))

    def _record(self, name: str) -> Record | None:
        found = self.documents.get(name)
        return decode_record(found[1]) if found else None

    def _write(self, name: str, position: int, body: bytes) -> None:
        # As a store with external versions: an older position loses, an equal one holds the same bytes.
        before, old = self.documents.get(name, (-1, b""))
        if before >= position:
            assert before > position or old == body, f"two writers of {name} at {position} disagree"
            return
        self.documents[name] = (position, body)
        self.writes += 1
        self.on_write(name)


def _written(decision: Decision) -> tuple[Head, Record | None]:
    # Through its bytes, as whoever reads it after a crash sees it.
    return decode_head(encode_head(decision.head)), decision.record


def _targets(task: _Task) -> list[str]:
    return [_document(task.event, item_id) for item_id in (*task.head.lowers, *task.head.raises)]


def _document(event: Event, item_id: str) -> str:
    return f"i:{event.collection}/{item_id}"
