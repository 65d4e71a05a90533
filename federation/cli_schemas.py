"""`stacfed schemas`: the schemas of STAC extensions that a node knows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from federation.cli_operate import loaded
from federation.failed import BAD_INPUT, Failed

if TYPE_CHECKING:
    from schemas.shelf import SchemaShelf

app = typer.Typer(help="The schemas of STAC extensions that the node knows.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option("--dir", metavar="FOLDER", help="Where they are kept; not given: as the settings say."),
]


@app.callback()
def root() -> None:
    """The schemas of STAC extensions that the node knows."""


@app.command("import")
def import_(
    path: Annotated[
        Path,
        typer.Argument(help="A schema, or a folder or zip of schemas; those at HOST/PATH have that URI."),
    ],
    skip: Annotated[
        bool, typer.Option("--skip", help="Import the rest where some cannot be used; they are listed.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take another content for a URI that has a version in it.")
    ] = False,
    folder: Folder = None,
) -> None:
    """Make schemas known; nothing is fetched. Exit code 2, and nothing changed, where one cannot be used."""
    from schemas.collecting import collect
    from schemas.errors import BadSchemas
    from schemas.importing import plan

    shelf = _shelf(folder)
    try:
        found = collect(path)
        made = plan(found.documents, shelf.load(), replace=replace)
        faults = (*found.faults, *made.faults)
        for warning in (*found.warnings, *made.warnings):
            print(f"warning: {warning}", file=sys.stderr)
        if faults and not skip:
            raise BadSchemas(*faults)
        for fault in faults:
            print(f"skipped: {fault}", file=sys.stderr)
        if not made.accepted and not made.unchanged:
            raise Failed(f"{path}: holds no schema that can be imported", BAD_INPUT)
        shelf.put(made.accepted)
    except (BadSchemas, OSError) as error:
        raise Failed(f"nothing was imported\n{error}", BAD_INPUT) from error
    for uri in made.accepted:
        print(f"imported   {uri}")
    for uri in made.unchanged:
        print(f"unchanged  {uri}")
    print(f"imported: {len(made.accepted)}, unchanged: {len(made.unchanged)}, other files: {found.others}")


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False, folder: Folder = None
) -> None:
    """Show the URI of every known schema, and the sha256 of what it means now."""
    from schemas.errors import BadSchemas

    try:
        known = _shelf(folder).known()
    except (BadSchemas, OSError) as error:
        raise Failed(str(error), BAD_INPUT) from error
    if as_json:
        import json

        print(json.dumps([{"uri": uri, "sha256": sha256} for uri, sha256 in known], indent=2))
        return
    for uri, sha256 in known:
        print(f"{sha256[:12]}  {uri}")
    print(f"schemas: {len(known)}")


def _shelf(folder: Path | None) -> SchemaShelf:
    from schemas.shelf import SchemaShelf

    return SchemaShelf(folder if folder is not None else loaded().schemas_dir)
