"""Requests that are wrong beside their body: content types, headers, handles, queries, routes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from federation import clock
from tests.support.http import KEY, Served, features, problem, running, scene, settings
from tests.support.refusals import DATASET_PATH, ITEMS, JSON_TYPE, Case, names, prepare, refused
from transaction_api.ids import Minter

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINTER = Minter(KEY.encode())
GENUINE = MINTER.by_time(clock.now_ms())
FAMILY = MINTER.by_time(clock.now_ms(), family=True)
DAY_MS = 86_400_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(settings(tmp_path_factory.mktemp("bad-requests"))) as found:
        await prepare(found)
        yield found


def get(name: str, kind: str, path: str, *places: str, says: tuple[str, ...] = ()) -> Case:
    return Case(name, "GET", path, kind, content_type=None, places=places, says=says)


def post(name: str, kind: str, content_type: str | None, says: tuple[str, ...] = (), path: str = ITEMS,
         **headers: str) -> Case:  # fmt: skip
    return Case(name, "POST", path, kind, scene("new"), content_type, says=says, headers=headers)


def search(name: str, body: object, *places: str, says: tuple[str, ...] = ()) -> Case:
    return Case(name, "POST", "/search", "malformed-query", body, places=places, says=says)


HEADERS = [
    post("no content type", "unsupported-media-type", None, ("missing", JSON_TYPE, "application/geo+json")),
    post("a text", "unsupported-media-type", "text/plain", ("text/plain", JSON_TYPE)),
    post("a patch", "unsupported-media-type", "application/json-patch+json", (JSON_TYPE,)),
    post("another charset", "unsupported-media-type", f"{JSON_TYPE}; charset=latin-1", ("latin-1", "UTF-8")),
    post("compressed", "unsupported-media-type", JSON_TYPE, ("content encoding",), **{"content-encoding": "gzip"}),
    post("a Collection as GeoJSON", "unsupported-media-type", "application/geo+json", (JSON_TYPE,), "/collections"),
    post("an action as a form", "unsupported-media-type", "application/x-www-form-urlencoded", (JSON_TYPE,),
         f"{ITEMS}/active/actions/retract"),
    post("a key too long", "malformed-query", JSON_TYPE, ("Idempotency-Key", "200"), **{"idempotency-key": "k" * 201}),
    post("an empty key", "malformed-query", JSON_TYPE, ("Idempotency-Key",), **{"idempotency-key": ""}),
]  # fmt: skip
NO_HANDLES = {
    "short": GENUINE[:-1],
    "long": GENUINE + "0",
    "not in hex": "z" * 32,
    "in upper case": GENUINE[:-8] + GENUINE[-8:].upper().replace("0", "A"),
    "not in ASCII": "é" * 32,
    "with other check digits": GENUINE[:-1] + "0123456789abcdef"[int(GENUINE[-1], 16) - 1],
    "of another federation": Minter(b"another key").by_time(clock.now_ms()),
    "of a child with other digits": MINTER.child(FAMILY, 3)[:-8] + "00000000",
    "expired": MINTER.by_time(clock.now_ms() - 31 * DAY_MS),
}
HANDLES = [
    *(get(f"a handle {name}", "request-does-not-exist", f"/requests/{handle}") for name, handle in NO_HANDLES.items()),
    get("a handle with a wait", "request-does-not-exist", "/requests/unknown?wait=60", says=("unknown",)),
    get("a wait that is no number", "malformed-query", f"/requests/{GENUINE}?wait=soon", "/query/wait"),
    get("a wait that is NaN", "malformed-query", f"/requests/{GENUINE}?wait=nan", "/query/wait"),
    get("a wait below zero", "malformed-query", f"/requests/{GENUINE}?wait=-1", "/query/wait"),
]  # fmt: skip
PARAMETERS = [
    get("requests of no state", "malformed-query", "/requests?state=done", says=("settled", "attention", "done")),
    get("no requests", "malformed-query", "/requests?limit=0", "/query/limit"),
    get("too many requests", "malformed-query", "/requests?limit=100000", "/query/limit"),
    get("no items", "malformed-query", f"{ITEMS}?limit=0", "/limit"),
    get("an item's retracted", "malformed-query", f"{ITEMS}/active?retracted=yes", "/retracted",
        says=("include",)),
    get("an item's purged", "malformed-query", f"{ITEMS}/active?purged=yes", "/purged", says=("include",)),
    Case("a preview of what", "POST", f"{ITEMS}?preview=perhaps", "malformed-query", features([scene("a")]),
         places=("/query/preview",)),
]  # fmt: skip
SEARCHES = [  # test_bad_searches.py has more of them
    get("GET: an unknown parameter", "malformed-query", "/search?box=1,2,3,4", "/box", says=("bbox",)),
    get("GET: retracted", "malformed-query", "/search?retracted=yes", "/retracted", says=("include",)),
    get("GET: purged", "malformed-query", "/search?purged=yes", "/purged", says=("include",)),
    get("GET: limit", "malformed-query", "/search?limit=0", "/limit", says=("10000",)),
    get("GET: limit that is a text", "malformed-query", "/search?limit=ten", says=("limit",)),
    search("an unknown member", {"intersect": {}}, "/intersect", says=("intersects",)),
    search("a list", ["x"]),
    search("broken JSON", b'{"ids": '),
    search("NaN", b'{"limit": NaN}'),
    search("ids that are numbers", {"ids": [1]}, "/ids"),
    search("a limit that is true", {"limit": True}, "/limit"),
    search("a token that is a number", {"token": 5}, "/token"),
    search("a query that is a list", {"query": ["a=1"]}, "/query"),
]
NOWHERE = [
    get("an unknown route", "route-does-not-exist", "/nowhere", says=("GET /nowhere",)),
    Case("a write to an unknown route", "POST", "/items", "route-does-not-exist", scene("new")),
    Case("DELETE of a Collection", "DELETE", "/collections/scenes", "method-not-allowed", content_type=None),
    Case("PATCH of all items", "PATCH", ITEMS, "method-not-allowed", scene("new"), says=(f"PATCH {ITEMS}",)),
    Case("PUT of a handle", "PUT", f"/requests/{GENUINE}", "method-not-allowed", {}),
    get("a Collection", "collection-does-not-exist", "/collections/nowhere", says=("nowhere",)),
    get("items of no Collection", "collection-does-not-exist", "/collections/nowhere/items"),
    get("an item of no Collection", "collection-does-not-exist", "/collections/nowhere/items/a"),
    get("an item", "item-does-not-exist", f"{ITEMS}/unknown", says=("unknown",)),
    get("an item that cannot be", "item-does-not-exist", "/collections/CMIP6/items/x"),
    get("a purged item", "item-does-not-exist", f"{ITEMS}/purged"),
    get("a withdrawn item", "withdrawn", f"{ITEMS}/withdrawn", says=("a test", "origin")),
    get("the history of no item", "item-does-not-exist", f"{ITEMS}/unknown/history"),
    get("the digest of no Collection", "collection-does-not-exist", "/digest/nowhere"),
    get("a bucket that is a text", "malformed-query", "/digest/scenes/x", "/path/bucket"),
]  # fmt: skip
ALL = [*HEADERS, *HANDLES, *PARAMETERS, *SEARCHES, *NOWHERE]


@pytest.mark.parametrize("case", ALL, ids=names(ALL))
async def test_it_is_refused(served: Served, case: Case) -> None:
    await refused(served, case)


async def test_the_method_that_is_allowed_is_told(served: Served) -> None:
    answer = await served.http.patch(ITEMS)
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("label", ["", "two words", "x" * 201, "ümlaut"])
async def test_a_request_id_that_is_none_is_replaced(served: Served, label: str) -> None:
    answer = await served.http.get("/nowhere", headers=[(b"x-request-id", label.encode())])
    assert answer.headers["x-request-id"] != label
    problem(answer, "route-does-not-exist")


async def test_a_good_request_id_is_in_the_problem(served: Served) -> None:
    answer = await served.http.patch(DATASET_PATH, content=b"", headers={"x-request-id": "mine-1"})
    assert problem(answer, "unsupported-media-type")["instance"] == "mine-1:"
