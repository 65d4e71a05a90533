"""What a collection asks of its records, for publishers and their tools: the profiles as they are now."""

from __future__ import annotations

from typing import Any, Protocol

import orjson
from fastapi import APIRouter, Response

from catalogue.profile import Profile
from catalogue.profile_set import Profiles
from federation.documented import refusals
from stream.errors import Refused
from stream.keys import valid_id

JSON = "application/json"


class Source(Protocol):
    """Where the profiles are; asked each time, since an operator may change them while the process runs."""

    @property
    def profiles(self) -> Profiles: ...


def profile_routes(source: Source) -> APIRouter:
    """The routes of one process."""
    routes = APIRouter(tags=["Profiles"])

    @routes.get("/profiles", summary="The profiles that collections have now")
    async def all_profiles() -> Response:
        return _json({"profiles": [_summary(each.profile) for each in source.profiles.current]})

    @routes.get(
        "/profiles/{collection}",
        summary="What a collection asks of its records",
        responses=refusals("collection-does-not-exist"),
    )
    async def one_profile(collection: str) -> Response:
        if not valid_id(collection):
            raise Refused("collection-does-not-exist", f"{collection[:200]!r} is no id of a collection")
        return _json({"collection": collection, **shown_profile(source.profiles.of(collection))})

    return routes


def shown_profile(profile: Profile) -> dict[str, Any]:
    """The stamp that events carry, and the profile's file as JSON."""
    return {"stamp": profile.stamp, "profile": profile.document}


def _summary(profile: Profile) -> dict[str, Any]:
    return {"stamp": profile.stamp, "title": profile.title, "collections": profile.collections}


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type=JSON)
