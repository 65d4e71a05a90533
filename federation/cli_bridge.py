"""`stacfed bridge`: bring in what another API writes, until it is stopped or the topic's end is reached."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from federation.failed import DONE, NOT_DONE, Failed

if TYPE_CHECKING:
    from federation.settings import Settings


def bridge(
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help="A topic of the same log that an ESGF API writes.")
    ],
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop at the end that the topic has now.")
    ] = False,
) -> None:
    """Append the events of a foreign topic to ours, checked and stamped; go on where it was.

    What is refused goes to the dead letters. Runs until SIGTERM or SIGINT. Exits 1 when it cannot go on, with
    --until-end also when something was refused.
    """
    from federation import logs
    from federation.cli_operate import loaded
    from federation.run import in_loop

    settings = loaded()
    logs.configure(settings.log_level, settings.node, "bridge")
    sys.exit(in_loop(_bridge(settings, topic, until_end=until_end)))


async def _bridge(settings: Settings, topic: str, *, until_end: bool) -> int:
    from federation.bridging import make_crossing, opened
    from federation.serve import stop_on_signals
    from stream.consume import Stopped
    from stream.errors import Unavailable
    from stream.log import Fenced, OutOfRange

    stopping = asyncio.Event()
    stop_on_signals(stopping)
    async with opened(settings) as bridge:
        crossing = await make_crossing(bridge, topic, f"{settings.node}.{settings.worker}", _tell)
        _tell(f"bridging {topic}, lag {await crossing.lag()}")
        try:
            await crossing.run(stopping, until_end=until_end)
        except Fenced as error:
            raise Failed(f"{error}; every process needs a STACFED_WORKER of its own", NOT_DONE) from error
        except (Unavailable, TimeoutError, Stopped, OutOfRange) as error:
            why = str(error) or "the log did not answer in time"
            raise Failed(
                f"the bridge has ended: {why}; start it again, it goes on where it was", NOT_DONE
            ) from error
        parked = crossing.follower.parked
    for key, fault in parked.items():
        _tell(f"parked {key} at {fault.place.topic}/{fault.place.partition}@{fault.offset}: {fault.reason}")
    return NOT_DONE if parked or (until_end and bridge.refused) else DONE


def _tell(line: str) -> None:
    print(f"stacfed: {line}", file=sys.stderr, flush=True)
