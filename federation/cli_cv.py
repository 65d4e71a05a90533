"""`stacfed cv`: the vocabularies that a node knows, and which of them its doors use."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from federation.cli_operate import loaded
from federation.failed import BAD_INPUT, NOT_DONE, Failed

if TYPE_CHECKING:
    from cv.importing import FindUniverse, Imported
    from cv.shelf import Entry, Shelf

app = typer.Typer(
    help="Controlled vocabularies: import them, look at them, choose the version in use.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Folder = Annotated[
    Path | None,
    typer.Option("--dir", help="The folder of vocabularies; not given: the one that the settings say."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Project = Annotated[str, typer.Argument(metavar="PROJECT", help="As the list names it: cmip6.")]


@app.command("import")
def import_(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A folder or a zip, as the project publishes it; or a file of another node's folder of vocabularies.",
        ),
    ],
    version: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What to call this version; not given: what it says itself."),
    ] = None,
    universe: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="The universe that its terms are of; not given: the one it was made with, the current one, "
            "or the only one.",
        ),
    ] = None,
    folder: Folder = None,
) -> None:
    """Make a version of a vocabulary known; it is not in use before `stacfed cv use` says so."""
    from cv.errors import BadVocabulary
    from federation.cv_shown import size_of

    shelf = _shelf(folder)
    try:
        imported = _imported(path, version, lambda made_with: shelf.universe(universe, made_with))
        known = {entry.sha256 for entry in shelf.known()}
        entry = shelf.put(imported.found)
    except BadVocabulary as error:
        raise Failed(f"{path}: {error}", BAD_INPUT) from error
    except OSError as error:
        raise Failed(f"{error.filename or path}: {error.strerror or error}", BAD_INPUT) from error
    for warning in imported.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if entry.sha256 in known:
        print(f"{entry.label} is known already ({entry.sha256})")
        return
    print(f"{entry.label} is known now ({entry.sha256}; {size_of(imported.found)}; {entry.source})")
    print(_next(entry))


@app.command("list")
def list_(folder: Folder = None, json: AsJson = False) -> None:
    """List what is known; what is in use has a star. Exit code 1 where a file is damaged."""
    from dataclasses import asdict

    shelf = _shelf(folder)
    with _told():
        entries, damaged = shelf.known(), shelf.damaged()
    if json:
        _print_json([asdict(entry) for entry in entries])
    else:
        for entry in entries:
            star = "*" if entry.current else " "
            print(f"{star} {entry.project:<12} {entry.version:<22} {entry.sha256[:12]}  {entry.source}")
    for error in damaged:
        print(f"error: {error}", file=sys.stderr)
    if damaged:
        raise typer.Exit(NOT_DONE)


@app.command()
def show(
    project: Project,
    facet: Annotated[
        str | None, typer.Argument(metavar="[FACET]", help="A facet: experiment_id.", show_default=False)
    ] = None,
    term: Annotated[
        str | None,
        typer.Argument(metavar="[TERM]", help="A published name, an id or a value.", show_default=False),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Or the beginning of a digest; not given: the one in use."),
    ] = None,
    folder: Folder = None,
    json: AsJson = False,
) -> None:
    """Show the facets of a project, the terms of a facet, or one term with all that it says."""
    from federation.cv_shown import facets_shown, term_shown, terms_shown, vocabulary_of

    with _told():
        vocabulary = vocabulary_of(_shelf(folder), project, version)
    if facet is None:
        shown, lines = facets_shown(vocabulary)
    elif term is None:
        shown, lines = terms_shown(vocabulary, facet)
    else:
        shown, lines = term_shown(vocabulary, facet, term)
    if json:
        _print_json(shown)
    else:
        print("\n".join(lines))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="As PROJECT@VERSION: cmip6@6.2.59.0.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, or only the version: 6.2.60.0.")],
    folder: Folder = None,
    json: AsJson = False,
) -> None:
    """Show what changed from one version to another, term by term."""
    from cv.diff import changes
    from federation.cv_shown import vocabulary_of

    project, _, version = old.partition("@")
    if not version:
        raise Failed(f"{old}: write PROJECT@VERSION", BAD_INPUT)
    other, _, newer = new.rpartition("@")
    with _told():
        shelf = _shelf(folder)
        found = changes(vocabulary_of(shelf, project, version), vocabulary_of(shelf, other or project, newer))
    if json:
        _print_json([change.to_json() for change in found])
    elif found:
        print("\n".join(map(str, found)))
    else:
        print("nothing differs")


@app.command()
def use(
    project: Project,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Or the beginning of its digest.")],
    folder: Folder = None,
) -> None:
    """Make a version the current one: from now on the doors of this node check by it and stamp it."""
    with _told():
        entry = _shelf(folder).use(project, version)
    print(f"{entry.label} is in use ({entry.sha256})")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What is wrong with the folder or a name in it ends the command."""
    from cv.errors import BadVocabulary

    try:
        yield
    except BadVocabulary as error:
        raise Failed(str(error), BAD_INPUT) from error
    except OSError as error:
        raise Failed(f"{error.filename or 'the folder'}: {error.strerror or error}", BAD_INPUT) from error


def _imported(path: Path, version: str | None, universe: FindUniverse) -> Imported:
    from cv.importing import import_files, import_pinned
    from cv.source import read_pinned, read_source

    if path.suffix == ".json":
        return import_pinned(read_pinned(path), version, path.name)
    return import_files(read_source(path), version, universe)


def _shelf(folder: Path | None) -> Shelf:
    from cv.shelf import Shelf

    return Shelf(folder if folder is not None else loaded().vocabularies_dir)


def _next(entry: Entry) -> str:
    from cv.layout import UNIVERSE

    if entry.project == UNIVERSE:
        return "now import the projects that refer to it: stacfed cv import PATH"
    return f"use it: stacfed cv use {entry.project} {entry.version}"


def _print_json(value: Any) -> None:
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
