"""Vocabularies as bytes: canonical content, by whose SHA-256 they are pinned, within a labelled document.

The digest is of the content alone, so that a label or a remark on the source never makes another vocabulary of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cv.errors import BadVocabulary
from cv.layout import UNIVERSE
from cv.patterns import compiled
from cv.universe import Universe
from cv.vocabulary import Facet, Field, Kind, Part, Term, Vocabulary

FORMAT = 1
CONTENT = b',"content":'  # cannot be within a JSON text, whose quotes are escaped
HEAD_BYTES_MAX = 4_096

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """What a document says before its content."""

    project: str
    version: str
    sha256: str
    source: str


def canonical(content: Json) -> bytes:
    """The bytes that the digest is of."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def sha256_of(content: Json) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()


def content_of(
    project: str, facets: Mapping[str, Facet], fields: tuple[Field, ...] = (), id_parts: tuple[str, ...] = ()
) -> Json:
    """What a vocabulary says, as JSON; members that say nothing are left out."""
    return {
        "project": project,
        "facets": {name: [_term(term) for term in facet.terms] for name, facet in facets.items()},
        "fields": [_field(field) for field in fields],
        "id_parts": list(id_parts),
    }


def to_bytes(found: Vocabulary | Universe) -> bytes:
    """The document of a vocabulary or a universe."""
    content = (
        found.content if isinstance(found, Universe)
        else content_of(found.project, found.facets, found.fields, found.id_parts)
    )  # fmt: skip
    said = {
        "project": found.project,
        "version": found.version,
        "sha256": found.sha256,
        "source": found.source,
    }
    head = orjson.dumps({"format": FORMAT, **said})
    if len(head) + len(CONTENT) > HEAD_BYTES_MAX:
        raise BadVocabulary("the labels are too long")
    return head[:-1] + CONTENT + canonical(content) + b"}\n"


def head_of(data: bytes, path: str) -> Head:
    """From the first HEAD_BYTES_MAX bytes of a document. BadVocabulary: it is damaged, or of another format."""
    said, found, _ = data[:HEAD_BYTES_MAX].partition(CONTENT)
    try:
        head = orjson.loads(said + b"}") if found else None
    except orjson.JSONDecodeError:
        head = None
    if not isinstance(head, dict):
        raise BadVocabulary("is damaged: it does not begin as a pinned vocabulary does", path)
    if head.get("format") != FORMAT:
        raise BadVocabulary(f"has the format {head.get('format')}, and this software knows {FORMAT}", path)
    texts = [head.get(name) for name in ("project", "version", "sha256", "source")]
    if not all(isinstance(text, str) for text in texts):
        raise BadVocabulary("is damaged: its labels are missing", path)
    return Head(*map(str, texts))


def from_bytes(data: bytes, path: str) -> Vocabulary | Universe:
    """BadVocabulary: the content is not what its digest says."""
    head = head_of(data, path)
    body = data.partition(CONTENT)[2].rstrip(b"\n")[:-1]
    if hashlib.sha256(body).hexdigest() != head.sha256:
        raise BadVocabulary("is damaged: its content does not have the SHA-256 that it says", path)
    try:
        return _read(orjson.loads(body), head)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadVocabulary(f"is not what this software writes: {error!r}"[:300], path) from error


def _read(content: Json, head: Head) -> Vocabulary | Universe:
    if content["project"] != head.project:
        raise ValueError(f"{head.project} is labelled, {content['project']} is inside")
    if head.project == UNIVERSE:
        return Universe(head.version, head.sha256, content["folders"], content["targets"], head.source)
    found = vocabulary_of(content, head.version, head.sha256, head.source)
    for facet in found.facets.values():
        for term in facet.terms:
            if term.kind is Kind.PATTERN:
                compiled(term.name)
            for part in term.parts:
                _ = found.facets[part.facet]
    return found


def vocabulary_of(content: Json, version: str, sha256: str, source: str) -> Vocabulary:
    """The vocabulary with this content."""
    same: dict[str, str] = {}  # one object for each text: facts repeat the same few
    facets = {
        name: Facet(name, tuple(_read_term(term, same) for term in terms))
        for name, terms in content["facets"].items()
    }
    fields = tuple(Field(**field) for field in content["fields"])
    return Vocabulary(content["project"], version, sha256, facets, fields, tuple(content["id_parts"]), source)


def _term(term: Term) -> Json:
    said: Json = {"id": term.id}
    if term.name != term.id:
        said["name"] = term.name
    if term.kind is not Kind.PLAIN:
        said["kind"] = term.kind.value
    if term.facts:
        said["facts"] = {name: list(texts) for name, texts in term.facts.items()}
    if term.separator:
        said["separator"] = term.separator
    if term.parts:
        said["parts"] = [_part(part) for part in term.parts]
    return said


def _part(part: Part) -> Json:
    return {"facet": part.facet, "required": part.required, "names": list(part.names)}


def _field(field: Field) -> Json:
    return {
        "property": field.property,
        "facet": field.facet,
        "fact": field.fact,
        "many": field.many,
        "required": field.required,
    }


def _read_term(said: Json, same: dict[str, str]) -> Term:
    facts = {
        name: tuple(same.setdefault(text, text) for text in texts)
        for name, texts in said.get("facts", {}).items()
    }
    parts = tuple(
        Part(part["facet"], part["required"], tuple(part["names"])) for part in said.get("parts", ())
    )
    name = said.get("name") or said["id"]
    kind, separator = Kind(said.get("kind", Kind.PLAIN)), said.get("separator", "")
    return Term(said["id"], same.setdefault(name, name), kind, facts, separator, parts)
