"""What `schemas/profile.json` has against a document, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson
from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from catalogue.profile_lint import Fault, Json, Path, nearest

MESSAGE_CHARS_MAX = 300
SHAPES = ("participation", "composition", "pairing")  # of a cross check
TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


def schema_faults(document: Any) -> Iterator[Fault]:
    """Each fault: where, and a sentence with the subject first."""
    for error in _validator().iter_errors(document):
        path = tuple(error.instance_path)
        match error.kind:
            case Kind.AdditionalProperties(unexpected=names):
                known = _known(error.schema_path)
                for name in names:
                    yield (*path, name), f"`{name[:80]}` is not known here{nearest(name, known)}"
            case Kind.PropertyNames(error=inner):
                name = str(inner.instance)
                yield (
                    (*path, name),
                    f"`{name[:80]}` cannot be a name here: {inner.message[:MESSAGE_CHARS_MAX]}.",
                )
            case Kind.Required(property=name):
                yield path, f"`{name}` is missing."
            case _:
                yield path, f"{_subject(path)} {_predicate(error)}"[:MESSAGE_CHARS_MAX]


@cache
def profile_schema() -> Json:
    """The JSON Schema of profiles."""
    document: Json = orjson.loads(files("schemas").joinpath("profile.json").read_bytes())
    return document


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(profile_schema(), offline=True)


def _known(schema_path: Sequence[str | int]) -> set[str]:
    """The members that the schema knows where it refused one; of a cross check those of every shape."""
    definitions = profile_schema()["$defs"]
    at: Any = profile_schema()
    for part in schema_path[:-1]:
        at = at[part]
    if any(at == definitions[shape] for shape in SHAPES):
        return {name for shape in SHAPES for name in definitions[shape]["properties"]}
    return set(at["properties"])


def _subject(path: Path) -> str:
    return f"`{str(path[-1])[:80]}`" if path else "The profile"


def _predicate(error: ValidationError) -> str:
    match error.kind:
        case Kind.Type(types=["string"]) if isinstance(error.instance, int | float):
            return "must be text: write it in quotes."
        case Kind.Type(types=types):
            return f"must be {' or '.join(TYPES.get(name, name) for name in types)}."
        case Kind.Enum(options=options):
            return f"must be one of {', '.join(map(str, options))}."
        case Kind.Pattern(pattern=pattern):
            return f"must be {_purpose(error)} It has to match {pattern}"
        case _:
            return f"is not right: {error.message}."


def _purpose(error: ValidationError) -> str:
    """What the schema says that the value is."""
    at: Any = profile_schema()
    for part in error.schema_path[:-1]:
        at = at[part]
    said = str(at["description"])
    return said[:1].lower() + said[1:]
