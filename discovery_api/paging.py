"""The links between the pages of a search: self, next and prev, in the form in which it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request

from catalogue.store import Page, Query
from discovery_api.links import GEOJSON, JSON, link
from discovery_api.tokens import Turn

FIRST = Turn(())  # a search without a token
Json = dict[str, Any]


def turns(query: Query, page: Page) -> dict[str, Turn]:
    """Where the pages on both sides begin; FIRST for the first page.

    What a search forwards has come from is there, as far as can be known: the record that it began behind. A search
    backwards that meets the beginning has nothing before it, and one that finds nothing can only begin anew.
    """
    found = {}
    forwards = page.more if not query.backwards else True
    if not page.hits:
        return {"next": FIRST} if query.backwards else {}
    if forwards:
        found["next"] = Turn(page.hits[-1].place)
    if page.more if query.backwards else query.after is not None:
        found["prev"] = Turn(page.hits[0].place, backwards=True)
    return found


def asked_path(request: Request) -> str:
    """The path of a request below the root of the service: servers put what they were told to stand behind in front."""
    path, prefix = request.scope["path"], request.scope.get("root_path", "")
    return quote(path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path)


def page_links(
    request: Request,
    root: str,
    found: Mapping[str, Turn],
    token_of: Callable[[Turn], str],
    body: Mapping[str, Any] | None,
    kind: str = GEOJSON,
) -> list[Json]:
    """`body`: the search as it was posted, None for a GET."""
    path, query = root + asked_path(request), request.scope["query_string"].decode("latin-1")
    links = [link("self", f"{path}?{query}" if query else path, kind), link("root", f"{root}/", JSON)]
    for rel, turn in found.items():
        token = {} if turn is FIRST else {"token": token_of(turn)}
        if body is None:
            links.append(link(rel, _address(request, path, token), kind))
        else:
            posted = {name: value for name, value in body.items() if name != "token"}
            links.append(link(rel, path, kind, method="POST", body=posted | token, merge=False))
    return links


def _address(request: Request, path: str, token: Json) -> str:
    kept = [pair for pair in request.query_params.multi_items() if pair[0] != "token"]
    asked = urlencode([*kept, *token.items()])
    return f"{path}?{asked}" if asked else path
