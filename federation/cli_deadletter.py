"""`stacfed deadletter`: look at messages that could not be used, and put them where they belong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from federation.failed import BAD_INPUT, DONE, NOT_DONE, Failed

if TYPE_CHECKING:
    from federation.settings import Settings
    from stream.log import Log

T = TypeVar("T")
app = typer.Typer(
    help="Messages that could not be used: list them, look at one, put them where they belong.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Kind = Annotated[str | None, typer.Option("--kind", help="Only letters of this kind.")]


@app.command("list")
def list_(
    kind: Kind = None,
    node: Annotated[str | None, typer.Option(help="Only messages that this node has buried.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The latest so many.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List dead letters, the newest last; letters about one message are one line."""
    import orjson

    from federation.dead_letters import burials
    from federation.letter_text import line_of

    found = [
        burial
        for burial in _of_log(burials)
        if kind in (None, burial.last.kind) and (node is None or node in burial.nodes)
    ]
    for burial in found[-limit:]:
        print(orjson.dumps(burial.to_json()).decode() if json else line_of(burial))


@app.command()
def show(letter: Annotated[str, typer.Argument(metavar="ID", help="As the list names it: 0:12.")]) -> None:
    """Show one dead letter with its message."""
    from federation.dead_letters import letter_of
    from federation.letter_text import letter_text

    print(letter_text(letter, _of_log(lambda log, topic: letter_of(log, topic, letter))))


@app.command()
def replay(
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="The letters.", show_default=False)
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every letter that was not replayed; needs --yes.")
    ] = False,
    kind: Kind = None,
    collection: Annotated[str | None, typer.Option(help="Only events about this collection.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Decode letters again and append what is an event now, where it belongs. Exits 1 when some are left.

    Nothing is taken away: a letter that was replayed is marked. Replayed twice, it is still one event.
    """
    if bool(letters) == all_:
        raise Failed("name letters, or all with --all", BAD_INPUT)
    if not all_ and (kind is not None or collection is not None):
        raise Failed("--kind and --collection choose from --all", BAD_INPUT)
    if all_ and not yes:
        raise Failed("--all needs --yes", BAD_INPUT)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Append the events of {len(letters or ())} letters?", abort=True)
    from federation import logs
    from federation.cli_operate import loaded
    from federation.run import in_loop

    settings = loaded()
    logs.configure(settings.log_level, settings.node, "deadletter")
    sys.exit(in_loop(_replay(settings, letters or [], kind, collection)))


async def _replay(settings: Settings, ids: list[str], kind: str | None, collection: str | None) -> int:
    from federation.bridging import opened
    from federation.dead_letters import Left, Replayer, burials, collection_of, letter_of
    from federation.letter_text import plain
    from stream.errors import Unavailable

    code = DONE
    async with opened(settings) as bridge:
        log, topic = bridge.appender.log, bridge.site.topics.dead_letters
        if not ids:
            waiting = [one for one in await burials(log, topic) if one.replayed is None]
            ids = [one.id for one in waiting if kind in (None, one.last.kind)]
        replayer = Replayer(bridge)
        for id_ in ids:
            letter = await letter_of(log, topic, id_)
            if collection is not None and collection_of(letter) != collection:
                continue
            try:
                note = await replayer.replay(id_, letter)
            except Left as left:
                print(f"left      {id_}  {plain(str(left))}")
                code = NOT_DONE
                continue
            except Unavailable as error:
                raise Failed(f"{id_} and what comes after it was not replayed: {error}", NOT_DONE) from error
            placed = note.placed
            where = f"{placed.topic}/{placed.partition}@{placed.offset}" if placed else "was there already"
            print(f"replayed  {id_}  {where}  event {plain(note.event_id)}")
    return code


def _of_log(work: Callable[[Log, str], Coroutine[None, None, T]]) -> T:
    """The result of the work on the log of the settings and the dead-letter topic. Failed where there is none."""
    import sqlite3

    from federation.cli_operate import loaded
    from federation.engines import open_log
    from federation.run import in_loop
    from stream.errors import Unavailable
    from stream.topics import Topics

    settings = loaded()

    async def opened() -> T:
        log = open_log(settings)
        try:
            return await work(log, Topics(settings.topic_prefix, settings.generation).dead_letters)
        finally:
            await log.close()

    try:
        return in_loop(opened())
    except KeyError as error:
        raise Failed(str(error.args[0]), BAD_INPUT) from error
    except (OSError, sqlite3.Error, Unavailable) as error:
        raise Failed(f"cannot read the log: {error}", BAD_INPUT) from error
