"""Profiles on the command line: check a file before it is put into the folder, and see what is in force."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from federation.failed import BAD_INPUT, Failed

if TYPE_CHECKING:
    from catalogue.profile_set import Profiles

app = typer.Typer(help="What collections ask of their records.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="FOLDER", help="The folder of profiles, instead of the one in the settings."
    ),
]


@app.command("check")
def check_profile(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A profile in YAML.")],
) -> None:
    """Check a profile; exit code 2 with every fault as FILE:LINE: MESSAGE."""
    from catalogue.profile_file import BadProfile
    from catalogue.profile_shelf import read_file

    try:
        profile = read_file(file)
    except BadProfile as bad:
        for fault in bad.faults:
            print(fault, file=sys.stderr)
        raise typer.Exit(BAD_INPUT) from bad
    print(f"{profile.id} {profile.version} is right: sha256 {profile.stamp['sha256']}")


@app.command("list")
def list_profiles(folder: Folder = None) -> None:
    """The profiles that are in force, their collections, and the files they come from."""
    for each in _loaded(folder).current:
        profile = each.profile
        print(
            f"{profile.id} {profile.version}  {' '.join(profile.collections)}  {each.file}  {profile.title}"
        )


@app.command("show")
def show_profile(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="The id of a collection.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs, with the stamp of events.")] = False,
    folder: Folder = None,
) -> None:
    """The profile of a collection."""
    import json

    import yaml

    from stream.keys import valid_id

    if not valid_id(collection):
        raise Failed(f"{collection!r} is no id of a collection", BAD_INPUT)
    profile = _loaded(folder).of(collection)
    if as_json:
        print(
            json.dumps(
                {"collection": collection, "stamp": profile.stamp, "profile": profile.document}, indent=2
            )
        )
    else:
        print(f"# {profile.id} {profile.version}, sha256 {profile.stamp['sha256']}")
        print(yaml.safe_dump(profile.document, sort_keys=False, allow_unicode=True, width=110), end="")


def _loaded(folder: Path | None) -> Profiles:
    """The shipped profiles and those of the folder. Failed with every fault, or where the folder is not there."""
    from catalogue.profile_file import BadProfile
    from catalogue.profile_shelf import ProfileShelf

    if folder is not None and not folder.is_dir():
        raise Failed(f"{folder}: there is no such folder", BAD_INPUT)
    try:
        return ProfileShelf(folder or _configured()).load()
    except BadProfile as bad:
        raise Failed(str(bad), BAD_INPUT) from bad


def _configured() -> Path | None:
    from federation.cli_operate import loaded

    return loaded().profiles_dir
