"""All routes of the Discovery API, put together."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from discovery_api.api import core_routes
from discovery_api.client import Client
from discovery_api.digests import digest_routes
from discovery_api.page import page_routes
from discovery_api.reader import Reader
from discovery_api.summary_routes import Summaries, summary_routes


def router(reader: Reader, extra: Sequence[APIRouter] = ()) -> APIRouter:
    """The routes, flat: one router in another costs every request a tenth of its time."""
    made = [
        core_routes(Client(reader)),
        summary_routes(Summaries(reader, reader.searches, reader.inventory)),
        digest_routes(reader),
        page_routes(),
        *extra,
    ]
    whole = APIRouter()
    for each in made:
        whole.routes.extend(each.routes)
    return whole
