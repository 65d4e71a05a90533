"""`stacfed demo`: two nodes in one process, a tour through the life of records, then a federation to play with."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from federation import logs
from federation.client import Client
from federation.demo_steps import STEPS, TAS_2_PATH
from federation.demo_tour import Tour
from federation.engines import open_log
from federation.failed import DONE, NOT_DONE, Failed
from federation.run import bound, in_loop, opened, url_of
from federation.serve import serve, stop_on_signals
from federation.settings import Settings

INTERRUPTED = 130  # as a shell says it of Ctrl-C
HOST, NAMES = "127.0.0.1", ("north", "south")
SCENE = orjson.dumps(
    {
        "type": "Feature", "stac_version": "1.1.0", "id": "my-scene", "geometry": None, "links": [], "assets": {},
        "properties": {"datetime": "2026-07-14T10:26:31Z"},
    }
).decode()  # fmt: skip


class DemoSettings(Settings):
    """Settings that no variable of the environment changes."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def run(port: int, *, stay: bool) -> int:
    """The exit code. The nodes' folder is removed at the end, unless there is something in it to look at."""
    folder = Path(tempfile.mkdtemp(prefix="stacfed-demo-"))
    keep = True
    try:
        with (folder / "nodes.log").open("w") as log:
            logs.configure("INFO", "demo", stream=log)
            code = in_loop(_demo(folder, port, stay=stay))
        keep = code == NOT_DONE
    except Failed:
        keep = False  # it never began
        raise
    finally:
        if keep:
            print(f"the nodes' logs and data are kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return code


async def _demo(folder: Path, port: int, *, stay: bool) -> int:
    stopping, ready = asyncio.Event(), asyncio.Event()
    stop_on_signals(stopping)
    ports = (port, port + 1 if port else 0)
    sockets = [bound(HOST, number) for number in ports]
    settings = [
        DemoSettings(node=name, data_dir=folder, expected_nodes=NAMES, handle_key=None) for name in NAMES
    ]
    log = open_log(settings[0])
    nodes = [await opened(each, log) for each in settings]
    urls = [url_of(*pair) for pair in zip(settings, sockets, strict=True)]
    serving = asyncio.create_task(serve(nodes, sockets, stopping, ready.set))
    try:
        await asyncio.wait({serving, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
        code = await asyncio.to_thread(_tour, urls, stopping)
        if code == DONE and stay:
            _invite(urls)
            await serving
    finally:
        stopping.set()
        await serving
        await log.close()
    return code


def _tour(urls: Sequence[str], stopping: asyncio.Event) -> int:
    """Walk through all steps; the exit code."""
    console = Console(highlight=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with (
        Client(urls[0]) as north,
        Client(urls[1]) as south,
        Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress,
    ):
        tour = Tour(
            dict(zip(NAMES, (north, south), strict=True)),
            lambda line: console.print(line, soft_wrap=isinstance(line, Text)),
        )
        bar = progress.add_task("", total=len(STEPS))
        tour.say(Text(f"A federation of two nodes: north at {urls[0]} and south at {urls[1]}"))
        try:
            for number, step in enumerate(STEPS, start=1):
                progress.update(bar, description=step.__name__)
                _take(tour, number, step)
                progress.advance(bar)
        except Failed as failed:
            if stopping.is_set():
                return INTERRUPTED
            tour.surprise(str(failed))
        tour.say(Text(f"\n{tour.requests} requests in {len(STEPS)} steps, {_verdict(tour)}"))
    return NOT_DONE if tour.surprises else DONE


def _verdict(tour: Tour) -> str:
    return f"NOT as expected: {len(tour.surprises)}" if tour.surprises else "all as expected"


def _take(tour: Tour, number: int, step: Callable[[Tour], None]) -> None:
    """One step: its title, its requests, and what the catalogue holds then."""
    tour.say(Text(f"\n{number}. {step.__doc__}", style="bold"))
    step(tour)
    tour.view()


def _invite(urls: Sequence[str]) -> None:
    """What to try while the federation serves on."""
    north, south = urls
    command = "stacfed" if shutil.which("stacfed") else sys.argv[0]
    record = TAS_2_PATH.removeprefix("/collections/").replace("/items/", "/")
    search = '{"filter": {"op": "=", "args": [{"property": "properties.latest"}, true]}}'
    json = "-H 'content-type: application/json'"
    lines = (
        f"curl -s '{south}/search' {json} -d '{search}' | python3 -m json.tool",
        f"curl -s '{north}{TAS_2_PATH}/history' | python3 -m json.tool",
        f"curl -s '{north}/collections/scenes/items' {json} -H 'prefer: wait=5' -d '{SCENE}'",
        f"{command} --url {south} act retract {record} --reason 'just trying'",
        f"{command} digest {north} {south}",
    )
    print("\nThe federation goes on until you press Ctrl-C, and nothing of it is kept. Try:\n")
    for line in lines:
        print(f"  {line}")
    print(f"\nThe catalogue in a browser: {north}/ (and what its API answers: {north}/docs)", flush=True)
