"""STAC Browser, as anybody may run it at an address of its own, reads this API: nothing is refused or kept from it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Request, Route, expect

from federation.demo_records import TAS, TOS
from tests.browser import packages
from tests.browser.conftest import WIDE, host
from tests.browser.serving import served
from tests.browser.test_search import OF_EXPERIMENT
from tests.browser.watching import Watched, watched
from tests.servers.tools import Missing

BUILD_S = 2000  # it is built once, which takes some minutes
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.needs_server,
    pytest.mark.timeout(BUILD_S),
]


@pytest.fixture(scope="session")
def stac_browser(node_url: str) -> Iterator[str]:
    """The address of a STAC Browser that shows this node."""
    try:
        folder = packages.stac_browser()
    except Missing as missing:
        pytest.skip(str(missing))
    with served(folder, {"catalogUrl": node_url, "catalogTitle": "Tests"}) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def foreign(browser: Browser, stac_browser: str, node_url: str, shots: Path) -> AsyncIterator[Watched]:
    """A page of STAC Browser. It may ask other hosts for map tiles and schemas; here these do not answer."""
    context = await browser.new_context(viewport=WIDE, locale="en-GB")
    inside = {host(stac_browser), host(node_url)}

    async def stay_here(route: Route) -> None:
        if host(route.request.url) in inside:
            await route.continue_()
        else:
            await route.abort()

    await context.route("**/*", stay_here)
    found = await watched(context, stac_browser, shots, host(node_url))
    broken: list[str] = []

    def failed(request: Request) -> None:
        # What a page asked for last is given up when it is left.
        if host(request.url) in inside and request.failure != "net::ERR_ABORTED":
            broken.append(f"{request.failure} {request.method} {request.url}")

    found.page.on("requestfailed", failed)
    yield found
    await context.close()
    assert (found.refused, broken) == ([], [])
    assert [text for text in found.said if "CORS" in text or "uncaught" in text] == []


async def test_the_collections(foreign: Watched) -> None:
    page = foreign.page
    await foreign.open("#/")
    await expect(page.get_by_role("link", name="CMIP6", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Places", exact=True)).to_be_visible()
    await foreign.shot("stac-browser-collections")
    await page.get_by_role("link", name="Places", exact=True).click()
    await expect(page.get_by_role("link", name="A scene of fiji")).to_be_visible()
    await foreign.shot("stac-browser-collection")


async def test_a_search_by_queryables(foreign: Watched) -> None:
    page = foreign.page
    await foreign.open("#/search")
    await page.get_by_role("tab", name="Search for Items").click()
    await page.get_by_role("button", name="Add filter").click()
    await page.get_by_role("menuitem", name=re.compile("cmip6:experiment_id")).click()
    filters = page.get_by_role("group", name="Additional filters")
    await filters.get_by_role("combobox").select_option("amip")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("heading", level=4)).to_have_count(10)
    await expect(page.get_by_text(str(OF_EXPERIMENT), exact=True)).to_be_visible()
    assert all(".amip." in title for title in await page.get_by_role("heading", level=4).all_inner_texts())
    await foreign.shot("stac-browser-search")
    await page.get_by_role("button", name="Next").first.click()
    await expect(page.get_by_role("heading", level=4)).to_have_count(OF_EXPERIMENT - 10)


async def test_versions_of_an_item(foreign: Watched) -> None:
    page = foreign.page
    await foreign.open(f"#/collections/CMIP6/items/{TAS}.v20190406")
    await expect(page.get_by_role("heading", level=1)).to_have_text(TAS)
    await expect(page.get_by_text("20190406", exact=True)).to_be_visible()
    await foreign.shot("stac-browser-versions")
    await page.get_by_role("link", name=re.compile("^Successor version")).click()
    await expect(page.get_by_text("20200310", exact=True)).to_be_visible()
    await expect(page.get_by_text("20190406", exact=True)).to_have_count(0)


async def test_locations_of_an_item(foreign: Watched) -> None:
    page = foreign.page
    await foreign.open(f"#/collections/CMIP6/items/{TOS}.v20180803")
    for node in ("south", "north"):
        await page.get_by_role("tab", name=node, exact=True).click()
        panel = page.get_by_role("tabpanel", name=node, exact=True)
        address = re.compile(rf"^https://{node}\.example\.org/")
        await expect(panel.get_by_role("link", name="Download")).to_have_attribute("href", address)
        await expect(panel.get_by_text("sha2-256")).to_be_visible()
    await foreign.shot("stac-browser-locations")
