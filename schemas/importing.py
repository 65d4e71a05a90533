"""Whether schemas can be used together with those that are known; pure, so that a refusal changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import jsonschema_rs

from schemas.errors import BadSchemas, Fault
from schemas.extensions import Extensions
from schemas.library import Library, built_in, fault_of
from schemas.naming import Document
from schemas.outline import DEPTH_MAX, DRAFT_7, DRAFT_2020, depth_of, outline
from schemas.patterns import names_matched
from schemas.uri import is_versioned

DOCUMENTS_MAX = 1_000  # of one import


class Plan(NamedTuple):
    """What an import would do. `accepted`: what is new by its URI; `unchanged`: URIs that say this already."""

    accepted: dict[str, bytes]
    unchanged: tuple[str, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def plan(documents: Iterable[Document], known: Extensions, *, replace: bool = False) -> Plan:
    """What becomes of these documents, beside those that are known. Those with faults are not accepted."""
    unchanged: list[str] = []
    warnings: list[Fault] = []
    faults: list[Fault] = []
    good: dict[str, Document] = {}
    for count, document in enumerate(documents):
        if count >= DOCUMENTS_MAX:
            faults.append(
                Fault("", "", f"There are more than {DOCUMENTS_MAX} schemas; import them in parts.")
            )
            break
        if document.uri in built_in():
            warnings.append(Fault(document.where, "", f"{document.uri} is built in; this copy is not used"))
        elif document.uri in known and known.sha256(document.uri) == _sha256(document):
            unchanged.append(document.uri)
        elif own := [*_own_faults(document, warnings), *_contradiction(document, known, replace)]:
            faults += own
        else:
            good[document.uri] = document
    while bad := _bad(good, known):  # what refers to a bad one is bad as well
        faults += (fault for each in bad.values() for fault in each)
        broken = bad.keys() & good.keys()
        if not broken:  # known ones break: their references lead into what would be replaced
            return Plan({}, tuple(unchanged), tuple(faults), tuple(warnings))
        good = {uri: document for uri, document in good.items() if uri not in broken}
    accepted = {uri: document.data for uri, document in good.items()}
    return Plan(accepted, tuple(unchanged), tuple(faults), tuple(warnings))


def _own_faults(document: Document, warnings: list[Fault]) -> Iterator[Fault]:
    """What is wrong with a document whatever it refers to."""
    where, schema = document.where, document.schema
    if depth_of(schema) > DEPTH_MAX:
        yield Fault(where, "", f"is nested more than {DEPTH_MAX} levels deep")
        return
    draft = schema.get("$schema", DRAFT_7)
    if not isinstance(draft, str) or draft.rstrip("#") not in (DRAFT_7, DRAFT_2020):
        yield Fault(where, "/$schema", f"is none of {DRAFT_7}# and {DRAFT_2020}")
        return
    try:
        made = outline(document.uri, schema)
        made.references()
    except ValueError as error:
        yield Fault(where, "", str(error))
        return
    if made.odd:
        yield from (Fault(where, pointer, message) for pointer, message in made.odd[:100])
        return
    if made.respelt:
        message = "names a group as Python does, (?P<name>...); read as (?<name>...)"
        warnings.append(Fault(where, made.respelt[0], message))
    try:
        # The draft is named here: a URI that the validator does not know would be fetched.
        jsonschema_rs.meta.validate(schema | {"$schema": draft})
    except jsonschema_rs.ValidationError as error:
        yield fault_of(error)._replace(where=where)
        return
    for pointer, pattern in names_matched(made):
        yield Fault(where, pointer, f"{pattern[:200]} looks around or back, which is not supported for names")


def _contradiction(document: Document, known: Extensions, replace: bool) -> Iterator[Fault]:
    if document.uri in known and is_versioned(document.uri) and not replace:
        yield Fault(
            document.where,
            "",
            f"{document.uri} is known with another content (sha256 {known.sha256(document.uri)[:12]}...), and what has "
            "a version in its URI does not change; --replace takes this one all the same",
        )


def _bad(good: Mapping[str, Document], known: Extensions) -> dict[str, list[Fault]]:
    """The faults of each document that cannot be used, by its URI: of the new ones, and of those that need them."""
    hashes = {uri: _sha256(document) for uri, document in good.items()}
    library, current = known.extended({hashes[uri]: document.data for uri, document in good.items()}, hashes)
    bad: dict[str, list[Fault]] = {}
    for uri in current:
        if uri not in good and not (good.keys() & {name for name, _ in library.closure(uri, current)}):
            continue
        where = good[uri].where if uri in good else uri
        if faults := [fault._replace(where=where) for fault in _faults_together(uri, library, current)]:
            bad[uri] = faults
    return bad


def _faults_together(uri: str, library: Library, current: Mapping[str, str]) -> list[Fault]:
    graph = library.graph(current)
    faults = [
        Fault("", pointer + "/$ref", f"refers to {reference}, which {reason}")
        for pointer, reference, reason in graph.unresolved(uri)
    ] or list(graph.faults(uri))
    if faults:
        return faults
    missing = [name for name in graph.needed(uri) for _ in graph.unresolved(name)]
    if missing:
        return [Fault("", "", f"needs {missing[0]}, which cannot be used")]
    try:
        library.compiled(uri, current)
    except BadSchemas as error:
        return list(error.faults)
    return []


def _sha256(document: Document) -> str:
    return hashlib.sha256(document.data).hexdigest()
