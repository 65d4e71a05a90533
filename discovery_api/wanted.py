"""In which form an answer is wanted: as the parameter `f` says, else as the Accept header does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from discovery_api.bulk import Kind
from discovery_api.refusals import malformed

FORMS = {"json": None, "geojson": None, "ndjson": Kind.NDJSON, "geoparquet": Kind.PARQUET}


def wanted_kind(request: Request, parameters: Mapping[str, Any]) -> Kind | None:
    """The form for readers in bulk that is wanted; None: a page of GeoJSON. Nobody else names these media types."""
    form = parameters.get("f")
    if form is not None:
        if not isinstance(form, str) or form not in FORMS:
            raise malformed("f", f"is one of {', '.join(FORMS)}")
        return FORMS[form]
    accept = request.headers.get("accept", "")
    return next((kind for kind in Kind if kind.value in accept), None) if len(accept) > 3 else None
