"""Blocking libraries in threads of their own, with a time limit that holds even where the library has none."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

BUSY_MAX = 8
_busy = threading.BoundedSemaphore(BUSY_MAX)


class Busy(Exception):
    """Too many earlier calls have not come back."""


async def in_thread(work: Callable[[], None], deadline_s: float) -> None:
    """Run `work` in a daemon thread, so that one that hangs holds up neither this process nor its end.

    Its own exceptions; TimeoutError past the deadline, when the thread is left to itself; Busy.
    """
    if not _busy.acquire(blocking=False):
        raise Busy(f"{BUSY_MAX} earlier deliveries have not come back")
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(fault: Exception | None) -> None:
        if done.done():
            return
        if fault is None:
            done.set_result(None)
        else:
            done.set_exception(fault)

    def run() -> None:
        fault: Exception | None = None
        try:
            work()
        except Exception as error:  # noqa: BLE001 - carried over to the one who waits, whatever it is
            fault = error
        finally:
            _busy.release()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, fault)

    threading.Thread(target=run, name="alerts", daemon=True).start()
    async with asyncio.timeout(deadline_s):
        await done
