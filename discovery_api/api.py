"""The routes of the core and of item search, on stac-fastapi's factory.

Its own registrations name other path parameters than the Transaction API's routes, which share these paths, describe
answers by models that ours are not made of, and cannot say what is refused; so each is replaced by one that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from stac_fastapi.api.app import StacApi
from stac_fastapi.types.config import ApiSettings

from discovery_api import describing as described
from discovery_api import parameters
from discovery_api.client import Client
from discovery_api.links import GEOJSON, OPENAPI

TAG = "Discovery API"
Json = dict[str, Any]


class Api(StacApi):
    """stac-fastapi with our routes; it registers them while it is made."""

    client: Client

    def register_landing_page(self) -> None:
        """GET /."""
        answers = described.answer("The catalogue, or the page for people", described.CATALOG)
        answers[200]["content"]["text/html"] = {"schema": described.A_TEXT}
        self._get("/", "The catalogue", self.client.landing_page, answers)

    def register_conformance_classes(self) -> None:
        """GET /conformance."""
        answers = described.answer("Conformance classes", described.CONFORMANCE)
        self._get("/conformance", "What this API conforms to", self.client.conformance, answers)

        answers = described.answer("An OpenAPI document", described.AN_OBJECT, OPENAPI)
        self._get("/api", "What this API answers", self.client.openapi, answers)

    def register_get_collections(self) -> None:
        """GET /collections, and the same as /children."""
        answers = described.answer("Collections", described.COLLECTIONS)
        self._get(
            "/collections", "Collections", self.client.all_collections, answers,
            names=parameters.COLLECTIONS,
        )  # fmt: skip
        answers = described.answer("All Collections", described.CHILDREN)
        self._get("/children", "What is below the catalogue", self.client.children, answers)

    def register_get_collection(self) -> None:
        """GET /collections/{collection}."""
        answers = described.answer("The Collection", described.COLLECTION)
        self._get("/collections/{collection}", "One Collection", self.client.get_collection, answers, 404)
        self._get(
            "/collections/{collection}/browse", "Items by links alone", self.client.browse,
            described.answer("A Catalog", described.BROWSED), 404, names=parameters.BROWSE,
        )  # fmt: skip

    def register_get_item_collection(self) -> None:
        """GET /collections/{collection}/items."""
        self._get(
            "/collections/{collection}/items", "Items of a Collection", self.client.item_collection,
            described.items_answer(), 404, names=parameters.ITEMS,
        )  # fmt: skip

    def register_get_item(self) -> None:
        """GET of one Item, and of its history."""
        path = "/collections/{collection}/items/{item}"
        answers = described.answer("The Item", described.ITEM, GEOJSON)
        self._get(
            path, "One Item", self.client.get_item, answers,
            404, 410, names=parameters.ITEM - parameters.NONE,
        )  # fmt: skip
        answers = described.answer("Events and versions", described.HISTORY)
        self._get(f"{path}/history", "What has happened to an Item", self.client.history, answers, 404)

    def register_get_search(self) -> None:
        """GET /search."""
        self._get(
            "/search", "Search", self.client.get_search, described.items_answer(),
            names=parameters.SEARCH,
        )  # fmt: skip

    def register_post_search(self) -> None:
        """POST /search."""
        self._route(
            "POST", "/search", "Search", self.client.post_search,
            {**described.items_answer(), **described.refusals(400, 413, 503)},
            {"requestBody": described.body(parameters.SEARCH)},
        )  # fmt: skip

    def _get(
        self,
        path: str,
        summary: str,
        function: Callable[..., Any],
        answers: described.Answers,
        *refused: int,
        names: frozenset[str] = frozenset(),
    ) -> None:
        extra = {"parameters": described.parameters(names)} if names else {}
        self._route(
            "GET", path, summary, function, {**answers, **described.refusals(304, 400, *refused, 503)}, extra
        )

    def _route(
        self,
        method: str,
        path: str,
        summary: str,
        function: Callable[..., Any],
        answers: described.Answers,
        extra: Json,
    ) -> None:
        self.router.add_api_route(
            path,
            function,
            methods=[method],
            name=f"{method.lower()} {path}",
            summary=summary,
            tags=[TAG],
            responses=answers,
            response_class=described.Bytes,
            response_model=None,
            openapi_extra=extra,
        )


def core_routes(client: Client) -> APIRouter:
    """The routes by themselves: the rest of the factory's application is not served."""
    title = "Discovery API"
    settings = ApiSettings(
        _env_file=None, stac_fastapi_title=title, stac_fastapi_description=title, stac_fastapi_landing_id=title,
        stac_fastapi_version="1",
    )  # fmt: skip
    made = Api(settings=settings, client=client, app=FastAPI(), middlewares=[], exceptions={})
    router: APIRouter = made.router
    return router
