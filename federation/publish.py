"""Publishing many items: batches of bounded size, one request each, and what became of every item.

What the door refuses by its index is reported and left out, and the rest of the batch is sent again, so one bad item
does not hold up its neighbours. What it refuses without saying which item is cut in halves until one is left.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from federation.client import Answer, Client, Json, part
from federation.failed import DONE, NOT_DONE
from federation.files import Read
from federation.words import failures, handle_text, problem_line, problem_text

ITEMS_MAX, BYTES_MAX = 500, 8 << 20
HELD_BYTES_MAX = 32 << 20  # of all batches that are not full yet
OUTSTANDING_MAX = 4  # requests whose end is not known while the next is sent
WAIT_S = 300.0
NAMELESS = (400, 413)  # refusals of a whole batch that may be one item's fault
FRAME = (b'{"type":"FeatureCollection","features":[', b"]}")
FRAME_BYTES = sum(map(len, FRAME))


@dataclass
class Batch:
    """Items of one collection, no id twice."""

    collection: str
    items: list[Read] = field(default_factory=list)
    size: int = FRAME_BYTES
    ids: set[str] = field(default_factory=set)

    def fits(self, item: Read) -> bool:
        """Whether there is room. An id that is there already waits for the next batch."""
        full = len(self.items) >= ITEMS_MAX or self.size + len(item.body) > BYTES_MAX
        return not self.items or not (full or item.item_id in self.ids)

    def add(self, item: Read) -> None:
        self.items.append(item)
        self.ids.add(item.item_id)
        self.size += len(item.body) + 1

    def body(self) -> bytes:
        """The FeatureCollection."""
        return FRAME[0] + b",".join(item.body for item in self.items) + FRAME[1]


def batches(items: Iterable[Read]) -> Iterator[Batch]:
    """Batches of at most 500 items and 8 MiB; a larger item travels alone. Items keep their order."""
    held: dict[str, Batch] = {}
    for item in items:
        batch = held.setdefault(item.collection, Batch(item.collection))
        if not batch.fits(item):
            yield batch
            batch = held[item.collection] = Batch(item.collection)
        batch.add(item)
        if sum(other.size for other in held.values()) > HELD_BYTES_MAX:
            yield held.pop(max(held, key=lambda name: held[name].size))
    yield from (batch for batch in held.values() if batch.items)


@dataclass
class Publisher:
    """Sends batches and keeps count. `say` is given one line for everything that a person has to know."""

    client: Client
    say: Callable[[str], None]
    check: bool = False
    wait: bool = True
    wait_s: float = WAIT_S
    tally: Counter[str] = field(default_factory=Counter)
    outstanding: deque[tuple[str, int]] = field(default_factory=deque)

    @property
    def code(self) -> int:
        """The exit code that the counts come to."""
        good = {"new", "new version", "exists"} if self.check else {"settled"}
        good |= set() if self.wait else {"accepted"}
        return DONE if set(+self.tally) <= good else NOT_DONE

    @property
    def summary(self) -> str:
        """How many items came to which end."""
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.tally.items()))
        total = self.tally.total()
        return f"{total} item{'' if total == 1 else 's'}" + (f": {counts}" if counts else "")

    def publish(self, batch: Batch) -> None:
        """Send one batch; then wait for an older one where too many are on their way."""
        left = deque([batch.items])
        while left:
            items = left.popleft()
            answer = self._post(Batch(batch.collection, items))
            if answer.status < 400:
                self._accepted(answer.body, len(items))
            else:
                left.extendleft(reversed(self._refused(answer, items)))
        while len(self.outstanding) > OUTSTANDING_MAX:
            self._settle()

    def finish(self, told: Callable[[], None] = lambda: None) -> None:
        """Wait for every request that was sent; `told` is called after each."""
        while self.outstanding:
            self._settle()
            told()

    def abandon(self) -> None:
        """Name the requests whose end nobody has waited for."""
        for handle, items in self.outstanding:
            self.tally["accepted"] += items
            self.say(f"unknown  {items} items; ask later: stacfed request {handle}")

    def _post(self, batch: Batch) -> Answer:
        parameters = {"preview": "true"} if self.check else {}
        path = f"/collections/{part(batch.collection)}/items"
        return self.client.send("POST", path, batch.body(), "application/geo+json", **parameters)

    def _accepted(self, body: Json, items: int) -> None:
        if self.check:
            for preview in body["items"]:
                self.tally[preview["verdict"]] += 1
                problem = f"  {problem_text(preview['problem'])}" if "problem" in preview else ""
                self.say(f"{preview['verdict']:<11}  {preview['id']}{problem}")
        elif self.wait:
            self.outstanding.append((body["id"], items))
        else:
            self.tally["accepted"] += items
            self.say(f"accepted  {items} items  {body['id']}")

    def _refused(self, answer: Answer, items: list[Read]) -> list[list[Read]]:
        """Report what is refused for good; the lists that are worth another try."""
        problem = answer.body if isinstance(answer.body, dict) else {}
        if answer.status >= 500:
            answer.good()
        guilty = {finding["index"] for finding in problem.get("findings") or () if "index" in finding}
        if guilty:
            for index in sorted(guilty):
                own = [finding for finding in problem["findings"] if finding.get("index") == index]
                self._report(items[index], {**problem, "detail": own[0]["message"], "findings": own})
            rest = [item for index, item in enumerate(items) if index not in guilty]
            return [rest] if rest else []
        if answer.status in NAMELESS and len(items) > 1:
            return [items[: len(items) // 2], items[len(items) // 2 :]]
        self.tally["refused"] += len(items)
        span = items[0].item_id + (f" and {len(items) - 1} more" if len(items) > 1 else "")
        self.say(f"refused  {span}  {problem_text(problem)}")
        return []

    def _report(self, item: Read, problem: Json) -> None:
        self.tally["refused"] += 1
        lines = [
            f"  {finding.get('pointer') or '(the whole)'}: {finding['message']}"
            for finding in problem["findings"]
        ]
        self.say("\n".join([f"refused  {item.item_id}  ({item.where})  {problem_line(problem)}", *lines[1:]]))

    def _settle(self) -> None:
        handle, items = self.outstanding[0]
        found = self.client.wait(handle, self.wait_s)
        self.outstanding.popleft()
        if "children" in found:
            counts = {name: count for name, count in found["children"].items() if name != "of" and count}
            self.tally.update(counts)
            for line in failures(found):
                self.say(line.strip())
        else:
            self.tally[found["state"]] += items
            self.say(handle_text(found))
        if found["state"] == "accepted":
            self.say(f"accepted  not every end is known yet; ask later: stacfed request {handle} --wait 60")
