"""Look-ups that come together travel together, and nobody's trouble is another's."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field

import pytest

from catalogue.elastic_lookups import ANSWER_BYTES, Lookups
from catalogue.store import Document, Ref, head_ref
from stream.errors import Unavailable


def refs(*numbers: int) -> list[Ref]:
    return [head_ref(f"c/{number}") for number in numbers]


@dataclass
class Server:
    """Answers each request when told to; odd refs do not exist."""

    body: bytes = b"x"
    requests: list[list[Ref]] = field(default_factory=list)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    error: Exception | None = None

    async def fetch(self, wanted: list[Ref]) -> dict[Ref, Document]:
        self.requests.append(wanted)
        await self.gate.acquire()
        if self.error is not None:
            raise self.error
        return {ref: Document(1, self.body) for ref in wanted if int(ref.id.partition("/")[2]) % 2 == 0}

    def open(self, count: int = 1000) -> None:
        for _ in range(count):
            self.gate.release()


async def started(lookups: Lookups, *calls: list[Ref]) -> list[asyncio.Task[dict[Ref, Document]]]:
    tasks = [asyncio.create_task(lookups.get(call)) for call in calls]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_calls_of_one_moment_are_one_request() -> None:
    server = Server()
    server.open()
    lookups = Lookups(server.fetch)
    answers = await asyncio.gather(*(lookups.get(refs(n, n, n + 1)) for n in range(4)))
    assert server.requests == [refs(0, 1, 2, 3, 4)]
    assert [set(answer) for answer in answers] == [set(refs(n + n % 2)) for n in range(4)]


async def test_calls_that_come_meanwhile_wait_for_the_next_one_together() -> None:
    server = Server()
    lookups = Lookups(server.fetch, in_flight_max=2)
    first = await started(lookups, refs(0))
    second = await started(lookups, refs(0))
    later = await started(lookups, refs(0), refs(2), refs(2, 4))
    assert server.requests == [refs(0), refs(0)], "what was sent before the call came does not answer it"
    server.open(1)
    await asyncio.wait(first)
    await started(lookups)
    assert server.requests[2:] == [refs(0, 2, 4)]
    server.open()
    assert [set(await task) for task in (*second, *later)] == [
        set(refs(0)),
        set(refs(0)),
        set(refs(2)),
        set(refs(2, 4)),
    ]


async def test_a_large_call_is_cut() -> None:
    server = Server()
    server.open()
    lookups = Lookups(server.fetch, refs_max=10)
    one, other = await asyncio.gather(lookups.get(refs(*range(25))), lookups.get(refs(100)))
    assert set(one) == set(refs(*range(0, 25, 2)))
    assert set(other) == set(refs(100))
    assert [len(request) for request in server.requests] == [10, 10, 6]


async def test_a_cancelled_call_harms_nobody() -> None:
    server = Server()
    lookups = Lookups(server.fetch, in_flight_max=1)
    one, other = await started(lookups, refs(0), refs(2))
    queued, stays = await started(lookups, refs(4), refs(6))
    for task in (one, queued):
        task.cancel()
    server.open()
    assert set(await other) == set(refs(2))
    assert set(await stays) == set(refs(6))
    assert server.requests == [refs(0, 2), refs(6)]


async def test_an_error_reaches_everyone_who_waits_for_it_and_no_one_else() -> None:
    server = Server(error=Unavailable("no"))
    lookups = Lookups(server.fetch, in_flight_max=1)
    failing = await started(lookups, refs(0), refs(2))
    later = await started(lookups, refs(4))
    server.open(1)
    errors = await asyncio.gather(*failing, return_exceptions=True)
    assert [type(error) for error in errors] == [Unavailable, Unavailable]
    assert errors[0] is not errors[1]
    server.error = None
    server.open()
    assert set(await later[0]) == set(refs(4))


async def test_a_fault_is_not_hidden() -> None:
    server = Server(error=KeyError("a fault"))
    server.open()
    with pytest.raises(KeyError):
        await Lookups(server.fetch).get(refs(0))


async def test_an_error_that_nobody_waits_for_is_nobodys() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    server = Server(error=Unavailable("no"))
    lookups = Lookups(server.fetch, refs_max=1)
    [task] = await started(lookups, refs(0, 2, 4))
    task.cancel()
    server.open()
    await started(lookups)
    del task
    gc.collect()
    assert complaints == []
    assert len(server.requests) == 2, "the third part was not asked for"


async def test_close_tells_all_who_wait() -> None:
    server = Server()
    lookups = Lookups(server.fetch, in_flight_max=1)
    tasks = [*(await started(lookups, refs(0))), *(await started(lookups, refs(2)))]
    await lookups.close()
    for error in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(error, Unavailable)
    with pytest.raises(Unavailable):
        await lookups.get(refs(0))


async def test_large_documents_are_asked_for_in_smaller_numbers() -> None:
    server = Server(body=bytes(ANSWER_BYTES // 8))
    server.open()
    lookups = Lookups(server.fetch, in_flight_max=1)
    await lookups.get(refs(*range(0, 40, 2)))
    await lookups.get(refs(*range(0, 40, 2)))
    assert [len(request) for request in server.requests] == [20, 8, 8, 4]
    server.body = b""
    await lookups.get(refs(0))
    await lookups.get(refs(*range(0, 40, 2)))
    assert len(server.requests[-1]) == 20


async def test_what_failed_is_tried_in_smaller_pieces_next_time() -> None:
    server = Server(error=Unavailable("too much"))
    server.open()
    lookups = Lookups(server.fetch, in_flight_max=1, refs_max=8)
    for _ in range(6):
        with pytest.raises(Unavailable):
            await lookups.get(refs(*range(8)))
    first = [request for request in server.requests if request[0] == refs(0)[0]]
    assert [len(request) for request in first] == [8, 4, 2, 1, 1, 1]
