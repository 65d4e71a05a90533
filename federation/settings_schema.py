"""The JSON Schema of a node's settings; `python -m federation.settings_schema` writes schemas/configuration.json."""

from __future__ import annotations

import json
from typing import Any

from federation.settings import PREFIX, Settings

NAME = "configuration"


def settings_schema() -> dict[str, Any]:
    """A schema of an object with one member for each `STACFED_*` variable, of its type after reading."""
    made = Settings.model_json_schema()
    members = {
        f"{PREFIX}{name.upper()}": {key: value for key, value in found.items() if key != "title"}
        for name, found in made["properties"].items()
    }
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:stacfed:{NAME}",
        "title": "The settings of a node",
        "description": "Generated from the settings; see docs/settings.md.",
        "type": "object",
        "properties": members,
        "additionalProperties": False,
    }
    return schema | ({"$defs": made["$defs"]} if "$defs" in made else {})


def settings_schema_text() -> str:
    """The file as it is committed."""
    return json.dumps(settings_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the file."""
    from schemas.registry import FOLDER

    (FOLDER / f"{NAME}.json").write_text(settings_schema_text())


if __name__ == "__main__":
    main()
