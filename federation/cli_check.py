"""`stacfed check`: the door's own checks, without a node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from federation import cli_operate
from federation.failed import BAD_INPUT, Failed

if TYPE_CHECKING:
    from checks.book import Checker
    from federation.rulebook import Rulebook
    from stream.errors import Finding

KINDS = (".json", ".geojson", ".ndjson", ".jsonl", ".geojsonl")
FILES_MAX = 1_000_000
VALID, NOT_VALID = "valid", "not valid"
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
    """Check items and Collections as a door would, with the profiles, vocabularies and schemas of this node.

    Exits 0 where nothing has an error, else 2.
    """
    from federation.rulebook import Rulebook

    try:
        book = Rulebook(cli_operate.loaded())
    except (ValueError, OSError) as error:
        raise Failed(str(error), BAD_INPUT) from error
    tally: Counter[str] = Counter()
    seen: set[tuple[str, str, str]] = set()
    for name in _named(path):
        for report in _reports(book, name, collection):
            tally[report["verdict"]] += 1
            tally["warnings"] += sum(finding["level"] == "warning" for finding in report["findings"])
            if not as_json:
                report["findings"] = [one for one in report["findings"] if _news(one, seen)]
            _tell(report, as_json)
    if not as_json:
        print(f"valid: {tally[VALID]}, not valid: {tally[NOT_VALID]}, warnings: {tally['warnings']}")
    if tally[NOT_VALID]:
        raise typer.Exit(BAD_INPUT)


def _news(finding: Json, seen: set[tuple[str, str, str]]) -> bool:
    """Whether a person has not read it yet: what many items lack in the same way is noted once. `seen` is changed."""
    key = (finding["check"], finding["pointer"], repr(finding.get("value")))
    if finding["level"] != "note" or key not in seen:
        seen.add(key)
        return True
    return False


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


def _reports(book: Rulebook, name: str, collection: str | None) -> Iterator[Json]:
    """What the door would say of each document of a file; a file that cannot be read is one that is not valid."""
    from federation.files import read_documents
    from stream.errors import Finding

    try:
        for where, document in read_documents(name):
            if isinstance(document, dict) and document.get("type") == "FeatureCollection":
                features = document.get("features")
                for index, feature in enumerate(features if isinstance(features, list) else [document]):
                    yield _report(book, f"{where}: feature {index}", feature, collection)
            else:
                yield _report(book, where, document, collection)
    except Failed as failed:
        yield _shown(name, {}, [Finding("file", "", str(failed))])


def _report(book: Rulebook, where: str, document: Any, collection: str | None) -> Json:
    from schemas.core import check_collection
    from stream.errors import Finding

    if not isinstance(document, dict) or document.get("type") not in ("Feature", "Collection"):
        message = "The document is neither an Item nor a Collection."
        return _shown(where, document, [Finding("file", "/type", message)])
    if document["type"] == "Collection":
        return _shown(where, document, check_collection(document))
    home = collection or document.get("collection")
    if not isinstance(home, str) or not home:
        message = "The item names no collection; name one with --collection."
        return _shown(where, document, [Finding("file", "/collection", message)])
    return _item_report(book, where, document, home)


def _item_report(book: Rulebook, where: str, item: Json, collection: str) -> Json:
    from stream.errors import Finding, Refused, Unavailable
    from transaction_api.body import read_item

    try:
        checker = book.of(collection)
    except Unavailable as error:
        raise Failed(str(error), BAD_INPUT) from error
    found: list[Finding] = []
    try:
        item = read_item(item, collection)
    except Refused as refusal:  # what a door says of the body, before it checks what is in it
        found += refusal.problem.findings or (Finding("item", "", refusal.problem.detail),)
    known = {(finding.pointer, finding.level) for finding in found}
    found += [each for each in checker.check(item) if (each.pointer, each.level) not in known]
    return _shown(where, item, found, checker)


def _shown(where: str, document: Any, findings: Any, checker: Checker | None = None) -> Json:
    from checks.verdict import errors, errors_first

    told = document if isinstance(document, dict) else {}
    found: list[Finding] = errors_first(findings)
    shown: Json = {
        "where": where, "id": told.get("id"), "collection": told.get("collection"),
        "verdict": NOT_VALID if errors(found) else VALID,
    }  # fmt: skip
    if checker is not None:
        vocabularies, schemas = checker.stamps(told)
        shown |= {"profile": checker.profile.stamp, "vocabularies": vocabularies, "schemas": schemas}
    return {**shown, "findings": [finding.to_json() for finding in found]}


def _tell(report: Json, as_json: bool) -> None:
    import orjson

    from federation.words import finding_lines

    if as_json:
        print(orjson.dumps(report).decode())
        return
    if report["findings"]:
        named = f": {report['id']}" if report["id"] is not None else ""
        print(f"{report['where']}{named}: {report['verdict']}")
        for line in finding_lines(report):
            print(line)
