"""`stacfed publish`: files in, a progress bar on a terminal, counts and failures out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from federation.client import Client, Unreachable
from federation.failed import Failed
from federation.files import read_files, total_bytes
from federation.publish import Publisher, batches


def publish_files(
    client: Client, files: Sequence[str], collection: str | None, *, check: bool, wait: bool
) -> int:
    """The exit code. What was sent before a fault is waited for and counted all the same."""
    publisher = Publisher(client, print, check=check, wait=wait)
    stopped: Failed | None = None
    with _progress() as progress:
        bar = progress.add_task("reading", total=total_bytes(files), counts="")

        def told() -> None:
            progress.update(bar, counts=publisher.summary)

        try:
            for batch in batches(read_files(files, collection, lambda size: progress.advance(bar, size))):
                publisher.publish(batch)
                told()
        except Failed as failed:
            stopped = failed
        stopped = _finish(publisher, stopped, told)
    if publisher.tally or stopped is None:
        print(publisher.summary)
    if stopped is not None:
        raise stopped
    return publisher.code


def _finish(publisher: Publisher, stopped: Failed | None, told: Callable[[], None]) -> Failed | None:
    """Wait for what was sent, unless the node is gone; what ended the work, if anything did."""
    try:
        if not isinstance(stopped, Unreachable):
            publisher.finish(told)
    except Failed as failed:
        stopped = failed
    publisher.abandon()
    return stopped


def _progress() -> Progress:
    """On stderr, and only where a person is watching; what is printed meanwhile appears above it."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
