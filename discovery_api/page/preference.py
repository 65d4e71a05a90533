"""Whether who asks would rather read HTML than JSON, by the Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

RANGES_MAX = 50
HTML, JSON = "text/html", "application/json"


def prefers_html(accept: str | None) -> bool:
    """True where HTML has the higher weight. On a tie, and where nothing is said, programs come first."""
    if not accept:
        return False
    weights = _weights(accept)
    return _weight(weights, HTML) > _weight(weights, JSON)


def _weights(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in accept.split(",", RANGES_MAX)[:RANGES_MAX]:
        kind, *parameters = (text.strip().lower() for text in part.split(";"))
        found[kind] = _quality(parameters)
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            plain = len(value) <= len("0.000") and value.replace(".", "", 1).isdecimal() and value.isascii()
            return min(float(value), 1.0) if plain else 0.0
    return 1.0


def _weight(weights: dict[str, float], kind: str) -> float:
    """Of the most specific range that holds the kind."""
    ranges = (kind, kind.partition("/")[0] + "/*", "*/*")
    return next((weights[range_] for range_ in ranges if range_ in weights), 0.0)
