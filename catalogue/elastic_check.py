"""What an operator should know about the indices: each finding is a sentence, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from catalogue.elastic_mapping import FORMAT, MAPPING, Names

Json = Mapping[str, Any]
BLOCKS = ("read_only", "read_only_allow_delete", "write", "read", "metadata")


def template_findings(found: Json | None, wanted: Json) -> list[str]:
    """`found` is the template as the server answers it, None where there is none."""
    if found is None:
        return [
            f"the index template for {wanted['index_patterns'][0]} is missing: run `stacfed index create`"
        ]
    name = wanted["index_patterns"][0]
    version = found.get("version", 0)
    if version > FORMAT:
        return [
            f"the index template for {name} has format {version}, this software writes {FORMAT}: upgrade it"
        ]
    differing = [path for path in _differing(wanted, found, "") if not path.endswith("_meta")]
    if not differing:
        return []
    names = ", ".join(sorted(differing))
    return [
        f"the index template for {name} differs from what this software and its settings ask for ({names}):"
        " `stacfed index create` puts it right"
    ]


def alias_findings(names: Names, indices: Json) -> list[str]:
    """`indices`: each index with its aliases, as `GET /_alias` answers."""
    behind: dict[str, list[str]] = {names.collections: [], names.requests: []}
    found = []
    for index, described in sorted(indices.items()):
        aliases = described.get("aliases", {})
        for alias in aliases:
            behind.setdefault(alias, []).append(index)
        if not aliases:
            found.append(
                f"the index {index} has no alias, so nobody reads it: delete it, or finish its rebuild"
            )
    for alias, targets in sorted(behind.items()):
        if not targets:
            found.append(f"the alias {alias} is missing: run `stacfed index create`")
        if len(targets) > 1:
            found.append(
                f"the alias {alias} stands for {len(targets)} indices ({', '.join(targets)}), so nothing can be"
                " written: take it from all but one"
            )
    return found


def index_findings(index: str, described: Json, wanted: Json) -> list[str]:
    """`described`: one index as `GET /<index>` answers it; `wanted`: the settings of the template."""
    found = []
    settings = described.get("settings", {}).get("index", {})
    differing = sorted(set(_differing(MAPPING, described.get("mappings", {}), "")))
    if differing:
        found.append(f"the mapping of {index} is not ours ({', '.join(differing)}): rebuild it")
    for name, value in wanted.items():
        now = settings.get(name)
        if now != value:
            what = (
                "rebuild it to change that" if name == "number_of_shards" else "change the index's settings"
            )
            found.append(f"{name} of {index} is {now}, not {value} as set: {what}")
    blocked = [name for name in BLOCKS if settings.get("blocks", {}).get(name) == "true"]
    if blocked:
        found.append(f"{index} is blocked ({', '.join(blocked)}): free disk space and remove the block")
    return found


def health_findings(health: Json) -> list[str]:
    """`health`: `GET /_cluster/health?level=indices`."""
    found = []
    for index, described in sorted(health.get("indices", {}).items()):
        if described["status"] == "red":
            found.append(f"{index} is red, a part of it cannot be read or written: bring its nodes back")
        if described["status"] == "yellow":
            missing = described["unassigned_shards"]
            found.append(
                f"{index} is yellow, {missing} copies have no node: add nodes, or ask for fewer replicas"
            )
    return found


def _differing(wanted: Any, found: Any, at: str) -> Iterable[str]:
    """Where `found` lacks something of `wanted` or says something else, and what mapped fields it has beyond it."""
    if not isinstance(wanted, Mapping) or not isinstance(found, Mapping):
        if _plain(wanted) != _plain(found):
            yield at
        return
    for name, value in wanted.items():
        yield from _differing(value, found.get(name), f"{at}.{name}" if at else name)
    if at.endswith("properties"):
        yield from (f"{at}.{name}" for name in found.keys() - wanted.keys())


def _plain(value: Any) -> Any:
    """The server answers some numbers and truth values as texts."""
    return str(value).lower() if isinstance(value, bool | int) else value
