"""What a term says of itself, as {name: texts}."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Facts = Mapping[str, tuple[str, ...]]


def facts_of(members: Mapping[str, Any], without: Iterable[str] = ()) -> Facts:
    """Texts and lists of texts; numbers and truth values become text. What is empty or an object says nothing."""
    found = {name: _texts(value) for name, value in members.items() if name not in without}
    return {name: texts for name, texts in sorted(found.items()) if texts}


def _texts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    texts = map(_text, listed)
    return tuple(text for text in texts if text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 172 and 172.0 are the same number of years
    return str(value).strip() if isinstance(value, str | int | float) else ""


def homes_of(fact: str) -> Iterator[str]:
    """What the terms may be called that a fact names: `parent_activity_id` -> parent_activity, activity."""
    bare = fact.removeprefix("parent_")
    for name in dict.fromkeys((fact, bare)):
        yield name
        for ending in ("_id", "_participation", "s"):
            if name.endswith(ending) and len(name) > len(ending):
                yield name.removesuffix(ending)
