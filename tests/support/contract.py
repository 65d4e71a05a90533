"""Runs schemathesis over an API's own OpenAPI document, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SEED = 20260101
DEADLINE_S = 900
CASES = re.compile(r"^  (\d+) generated", re.MULTILINE)
TESTED = re.compile(r"^  Tested: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Told:
    """What came of a run."""

    passed: bool
    cases: int
    operations: int
    words: str


async def checked(
    address: str,
    document: Json,
    folder: Path,
    *,
    examples: int,
    mode: str = "all",
    phases: Sequence[str] = ("examples", "coverage", "fuzzing"),
    config: str = "",
) -> Told:
    """All checks of every operation of a document, with so many cases of each in the last phase."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "schemathesis.toml").write_text(config)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", "openapi.json",
        "--url", address, "--continue-on-failure", "--no-color", "--seed", str(SEED),
        "--generation-deterministic", "--mode", mode, "--phases", ",".join(phases),
        "--max-examples", str(examples), "--request-timeout", "20", "--suppress-health-check", "all",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE_S):
            words = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
    cases, operations = CASES.search(words), TESTED.search(words)
    return Told(
        process.returncode == 0,
        int(cases[1]) if cases else 0,
        int(operations[1]) if operations else 0,
        words,
    )


def narrowed(
    document: Json,
    bodies: Mapping[str, Sequence[Any]],
    addresses: Mapping[str, Sequence[Any]],
    without: Sequence[str],
) -> Json:
    """The reads of a document, with only these values of some members and parameters, and without others."""
    copy: Json = json.loads(json.dumps(document))
    reads = {}
    for path, operations in copy["paths"].items():
        kept = {
            method: each for method, each in operations.items() if "Discovery API" in each.get("tags", ())
        }
        for operation in kept.values():
            _narrow(operation, bodies, addresses, without)
        if kept:
            reads[path] = kept
    return copy | {"paths": reads}


def _narrow(
    operation: Json,
    bodies: Mapping[str, Sequence[Any]],
    addresses: Mapping[str, Sequence[Any]],
    without: Sequence[str],
) -> None:
    parameters = [each for each in operation.get("parameters", ()) if each["name"] not in without]
    for each in parameters:
        if each["name"] in addresses:
            each["schema"] = _only(each["schema"], addresses[each["name"]])
    if parameters:
        operation["parameters"] = parameters
    for content in operation.get("requestBody", {}).get("content", {}).values():
        members = {
            name: each for name, each in content["schema"]["properties"].items() if name not in without
        }
        for name in members.keys() & bodies.keys():
            members[name] = _only(members[name], bodies[name])
        content["schema"]["properties"] = members


def _only(schema: Json, values: Sequence[Any]) -> Json:
    if schema.get("type") == "array" and not any(isinstance(each, list) for each in values):
        return schema | {"items": {"enum": list(values)}}
    return {"enum": list(values)}
