"""`stacfed check`: the door's own checks, without a node."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from federation import cli_operate
from federation.failed import BAD_INPUT, Failed

if TYPE_CHECKING:
    from federation.files import Read
    from federation.rulebook import Rulebook

KINDS = (".json", ".geojson", ".ndjson", ".jsonl", ".geojsonl")
FILES_MAX = 1_000_000
Json = dict[str, Any]


def check(
    path: Annotated[
        str, typer.Argument(metavar="FILE|DIR|-", help="A file, a folder of files, or - for standard input.")
    ],
    collection: Annotated[
        str | None, typer.Option(help="The collection that the items are meant for; not given: their own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One report a line, for programs.")] = False,
) -> None:
    """Check items as a door would, with the profiles, vocabularies and schemas of this node's folders.

    Exits 0 where no item has an error, else 2.
    """
    from federation.files import read_files
    from federation.rulebook import Rulebook

    try:
        book = Rulebook(cli_operate.loaded())
    except (ValueError, OSError) as error:
        raise Failed(str(error), BAD_INPUT) from error
    tally: Counter[str] = Counter()
    for read in read_files(_named(path), collection):
        report = _report(book, read)
        tally[report["verdict"]] += 1
        tally["warnings"] += sum(finding["level"] == "warning" for finding in report["findings"])
        _tell(report, as_json)
    if not as_json:
        print(f"valid: {tally['valid']}, not valid: {tally['not valid']}, warnings: {tally['warnings']}")
    if tally["not valid"]:
        raise typer.Exit(BAD_INPUT)


def _named(path: str) -> list[str]:
    """The files to read, in a fixed order."""
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        return [path]
    found = sorted(str(file) for file in folder.rglob("*") if file.suffix in KINDS and file.is_file())
    if not found:
        raise Failed(f"{path}: holds no file of {', '.join(KINDS)}", BAD_INPUT)
    if len(found) > FILES_MAX:
        raise Failed(f"{path}: holds more than {FILES_MAX} files; check a part of it", BAD_INPUT)
    return found


def _report(book: Rulebook, read: Read) -> Json:
    """What the door would say of one item."""
    import orjson

    from checks.verdict import errors, errors_first
    from stream.errors import Finding, Refused, Unavailable
    from transaction_api.body import read_item

    item = orjson.loads(read.body)
    shown: Json = {"where": read.where, "collection": read.collection, "id": read.item_id}
    try:
        checker = book.of(read.collection)
    except Unavailable as error:
        raise Failed(str(error), BAD_INPUT) from error
    try:
        findings: tuple[Finding, ...] = checker.check(read_item(item, read.collection))
    except Refused as refusal:
        findings = refusal.problem.findings or (Finding("item", "", refusal.problem.detail),)
    vocabularies, schemas = checker.stamps(item)
    return {
        **shown,
        "verdict": "not valid" if errors(findings) else "valid",
        "profile": checker.profile.stamp,
        "vocabularies": vocabularies,
        "schemas": schemas,
        "findings": [finding.to_json() for finding in errors_first(findings)],
    }


def _tell(report: Json, as_json: bool) -> None:
    import orjson

    from federation.words import finding_lines

    if as_json:
        print(orjson.dumps(report).decode())
        return
    if report["findings"]:
        print(f"{report['where']}: {report['id']}: {report['verdict']}")
        for line in finding_lines(report):
            print(line)
