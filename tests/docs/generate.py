"""Writes the generated parts of the documentation: `python -m tests.docs.generate` (or `make docs`).

A generated part stands between `<!-- generated: NAME -->` and `<!-- end generated -->` and is a function of the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import orjson
import typer
from fastapi import APIRouter
from prometheus_client import Counter, Gauge, Histogram

from catalogue import lifecycle
from catalogue.profile_schema import profile_schema
from catalogue.profile_shelf import shipped
from discovery_api.reader import Reader
from discovery_api.routes import router as discovery_router
from federation import settings
from federation.alert_routes import alert_routes
from federation.app import make_app
from federation.cli import app as command
from federation.health import health_routes
from federation.profile_routes import profile_routes
from stream import metrics
from stream.errors import PROBLEMS, TYPE_BASE
from tests.conftest import ROOT
from tests.support.memory_store import MemoryStore
from tests.support.rules import PlainBook
from transaction_api.routes import router as transaction_router

PART = re.compile(r"(<!-- generated: (?P<name>[a-z -]+) -->\n).*?(<!-- end generated -->)", re.DOTALL)
METHODS = ("get", "post", "put", "patch", "delete")


def pages() -> Iterator[Path]:
    """Every page that a reader may open."""
    yield ROOT / "README.md"
    yield ROOT / "CHANGELOG.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))


def parts() -> dict[str, Callable[[], str]]:
    """Name of a part, and what writes it."""
    fixed: dict[str, Callable[[], str]] = {
        "settings": settings.markdown_table,
        "actions": lifecycle.markdown,
        "diagram": lambda: f"```mermaid\n{lifecycle.mermaid()}\n```",
        "problems": problem_table,
        "metrics": metric_table,
        "routes": route_table,
        "profiles": profile_table,
        "profile keys": profile_key_table,
        "cli stacfed": lambda: command_text(),
    }
    return fixed | {f"cli {name}": _writer(name) for name in commands()}


def rewritten(text: str) -> str:
    """The page with every generated part as it should be. KeyError for a part that nothing writes."""
    known = parts()
    return PART.sub(lambda found: f"{found[1]}{known[found['name']]()}\n{found[3]}", text)


def problem_table() -> str:
    """Every kind of problem."""
    rows = [f"| `{kind}` | {status} | {title} |" for kind, (status, title) in PROBLEMS.items()]
    return "\n".join(
        [f"Types begin with `{TYPE_BASE}`.", "", "| kind | status | title |", "|---|---|---|", *rows]
    )


def metric_table() -> str:
    """Every metric with its labels."""
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            [family] = metric.describe()
            name = family.name + ("_total" if family.type == "counter" else "")
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)
            rows.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    return "\n".join(rows)


def routes() -> list[tuple[str, str, str]]:
    """(method, path, summary) of everything that a node answers."""
    # The routers touch what they are given only when they are asked.
    nothing = cast(Any, None)
    routers = [
        transaction_router(nothing),
        profile_routes(nothing),
        alert_routes(nothing, nothing),
        searchers_door(),
        health_routes(nothing),
    ]
    made = make_app("all", routers)
    return [
        (method.upper(), path, operation["summary"])
        for path, operations in made.openapi()["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]


def searchers_door() -> APIRouter:
    """The routes of the Discovery API, over an empty store."""
    return discovery_router(
        Reader(
            MemoryStore(), PlainBook(), "A catalogue", "north", lambda _: "http://north.example.org", b"key"
        )
    )


def route_table() -> str:
    """All routes."""
    rows = [f"| `{method}` | `{path}` | {summary} |" for method, path, summary in routes()]
    return "\n".join(["| method | path | what |", "|---|---|---|", *rows])


def profile_table() -> str:
    """The profiles that are shipped."""
    rows = [
        "| profile | collections | id of an item | order of versions | mutable paths |",
        "|---|---|---|---|---|",
    ]
    for profile in sorted(shipped().all, key=lambda each: each.id.lower()):
        pattern = f"`{profile.ids.pattern}`" if profile.ids.pattern else "any; the id is the dataset"
        collections, paths = (
            ", ".join(f"`{each}`" for each in found) for found in (profile.collections, profile.mutable)
        )
        order = profile.ids.order if profile.ids.pattern else ""
        cells = (profile.id, collections, pattern.replace("|", chr(92) + "|"), order, paths)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def profile_key_table() -> str:
    """Every key that a profile may have."""
    rows = [
        f"| `{name}` | {kind} | {default} | {meaning} |"
        for name, kind, default, meaning in profile_keys(profile_schema())
    ]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])


def profile_keys(schema: dict[str, Any], within: str = "") -> Iterator[tuple[str, str, str, str]]:
    """(key, kind of value, default, meaning) of each member of a mapping, and of those in it."""
    for name, found in schema.get("properties", {}).items():
        member = _referred(found)
        key = within + name
        default = "needed" if name in schema.get("required", ()) else ""
        if "default" in member:
            default = f"`{orjson.dumps(member['default']).decode()}`"
        yield key, _kind(member), default, member["description"]
        yield from profile_keys(member, f"{key}.")
        inner = member.get("additionalProperties")
        shapes = _shapes(_referred(inner)) if isinstance(inner, dict) else ()
        for shape, members in shapes:
            yield from profile_keys(members, f"{key}.*{shape}.")


def _referred(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    return {**profile_schema()["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def _shapes(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The one shape of a mapping's values, or those of a cross check by the member that tells them apart."""
    if "if" not in schema:
        return [("", schema)]
    found = [(f" ({schema['if']['required'][0]})", _referred(schema["then"]))]
    other = _referred(schema["else"])
    return found + (_shapes(other) if "if" in other else [(" (facts)", other)])


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "object":
        return "mapping"
    names = {"array": "list", "boolean": "`true` or `false`", "string": "text", "number": "number"}
    return names[schema["type"]]


def commands() -> dict[str, Any]:
    """The commands of `stacfed` by name; those of a group by both, such as `topics check`."""
    found: dict[str, Any] = {}
    for name, each in cast(Any, typer.main.get_command(command)).commands.items():
        inner = getattr(each, "commands", None)
        found |= {f"{name} {own}": one for own, one in inner.items()} if inner else {name: each}
    return found


def parameters(name: str | None) -> list[Any]:
    """Arguments and options of a command; None: those of `stacfed` itself."""
    found = commands()[name] if name else cast(Any, typer.main.get_command(command))
    return [parameter for parameter in found.params if parameter.name != "help"]


def command_text(name: str | None = None) -> str:
    """Usage, and a table of arguments and options."""
    own = parameters(name)
    arguments = [_argument(each) for each in own if each.param_type_name == "argument"]
    usage = " ".join(filter(None, ("stacfed", name, "[OPTIONS]", *arguments, None if name else "COMMAND")))
    rows = [f"| {_spelt(each)} | {_default(each)} | {each.help} |" for each in own]
    table = ["", "| | default | meaning |", "|---|---|---|", *rows] if rows else []
    return "\n".join([f"```\n{usage}\n```", *table])


def _writer(name: str) -> Callable[[], str]:
    return lambda: command_text(name)


def _argument(parameter: Any) -> str:
    shown = parameter.metavar or parameter.name.upper()
    return str(shown) if parameter.required or shown.startswith("[") else f"[{shown}]"


def _spelt(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`"
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return f"`{parameter.opts[0]}{value}`"


def _default(parameter: Any) -> str:
    shown = "" if parameter.default in (None, False) or parameter.required else f"`{parameter.default}`"
    return f"`{parameter.envvar}`, else {shown}" if parameter.envvar else shown


def main() -> None:
    """Write every page whose generated parts have changed."""
    for page in pages():
        text = page.read_text()
        changed = rewritten(text)
        if changed != text:
            page.write_text(changed)
            print(f"written: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
