"""The page for everybody: keyboard alone, screen readers, small windows, dark mode; and it asks nobody but its API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, Page, Route, expect

from federation.demo_records import TAS
from tests.browser import packages
from tests.browser.conftest import WIDE
from tests.browser.test_search import OF_EXPERIMENT, matched, says, titles
from tests.browser.watching import Watched, watched
from tests.servers.tools import Missing

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_server]

VIEWS = {
    "search": "?collection=CMIP6&p.cmip6%3Aexperiment_id=amip",
    "record": f"?of=CMIP6&item={TAS}.v20200310",
    "collections": "?view=collections",
    "collection": "?view=collection&collection=CMIP6",
}


@pytest.fixture(scope="session")
def axe() -> str:
    try:
        return packages.axe().read_text()
    except Missing as missing:
        pytest.skip(str(missing))


async def ready(page: Page) -> None:
    """Everything that a view asks for is there."""
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
async def test_axe_finds_nothing(
    browser: Browser, node_url: str, shots: Any, axe: str, view: str, scheme: Any
) -> None:
    context = await browser.new_context(viewport=WIDE, color_scheme=scheme)
    watch = await watched(context, node_url, shots)
    await watch.open(VIEWS[view])
    await ready(watch.page)
    await watch.page.evaluate(axe)
    found = await watch.page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    assert found["passes"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
    await watch.shot(f"{view}-{scheme}")
    await context.close()
    assert watch.faults() == []


@pytest.mark.parametrize("view", VIEWS)
async def test_a_narrow_window_needs_no_scrolling_sideways(
    browser: Browser, node_url: str, shots: Any, view: str
) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True)
    watch = await watched(context, node_url, shots)
    await watch.open(VIEWS[view])
    await ready(watch.page)
    assert await watch.page.evaluate("document.documentElement.scrollWidth") <= 320
    await watch.shot(f"{view}-narrow")
    await context.close()
    assert watch.faults() == []


async def test_landmarks_and_names(watch: Watched) -> None:
    page = watch.page
    await watch.open()
    await says(page, str(await matched(watch.url)))
    for role in ("banner", "main", "contentinfo"):
        await expect(page.get_by_role(role)).to_have_count(1)
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    await expect(page.get_by_role("search", name="Catalogue")).to_be_visible()
    await expect(page.get_by_role("searchbox", name="Words")).to_be_visible()
    await expect(page.get_by_role("combobox", name="Collection")).to_be_visible()
    await expect(page.get_by_role("group", name="Map tools")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_changes_are_announced(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=CMIP6")
    status = page.get_by_role("status")
    await expect(status).to_contain_text("records found")
    await page.get_by_role("checkbox", name=re.compile("amip")).check()
    await expect(status).to_have_text(f"{OF_EXPERIMENT} records found.")
    # Whoever works with the keyboard stays where they are.
    await expect(page.get_by_role("checkbox", name=re.compile("amip"))).to_be_focused()


async def test_the_keyboard_alone(watch: Watched) -> None:
    page = watch.page
    await watch.open()
    await says(page, str(await matched(watch.url)))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the records")).to_be_focused()
    await until_focused(page, lambda: page.get_by_role("searchbox", name="Words"))
    await page.keyboard.type("amip tas")
    await page.keyboard.press("Enter")
    await says(page, f"{OF_EXPERIMENT // 3} records found")
    await until_focused(page, lambda: page.get_by_role("checkbox", name=re.compile("MIROC6")))
    await page.keyboard.press("Space")
    await says(page, "2 records found")
    await until_focused(page, lambda: page.get_by_role("article").first.get_by_role("link"))
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("MIROC6.amip")


async def until_focused(page: Page, wanted: Callable[[], Any], tabs_max: int = 60) -> None:
    for _ in range(tabs_max):
        await page.keyboard.press("Tab")
        if await wanted().evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the keyboard does not get there")


async def test_the_map_by_keyboard(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places")
    await says(page, str(await matched(watch.url, collections=["places"])))
    world = page.get_by_label("World map of the records found")
    said = page.locator("#map .help")
    await world.focus()
    await page.keyboard.press("0")
    await expect(said).to_contain_text("the whole world")
    for _ in range(3):
        await page.keyboard.press("+")
    before = await said.inner_text()
    for _ in range(10):  # a fifth of the view each
        await page.keyboard.press("ArrowUp")
    await expect(said).not_to_have_text(before)
    await page.keyboard.press("b")
    await says(page, "1 record found")
    assert await titles(page) == ["A scene of alps"]
    await expect(page.get_by_role("button", name=re.compile("^Remove: box"))).to_be_visible()


async def test_behind_a_path(browser: Browser, node_url: str, shots: Any) -> None:
    """As behind a proxy that serves the node under a path which the node does not know."""
    context = await browser.new_context()

    async def pass_on(route: Route) -> None:
        parts = urlsplit(route.request.url)
        assert parts.path.startswith("/deep/below/"), route.request.url
        address = parts._replace(path=parts.path.removeprefix("/deep/below")).geturl()
        await route.fulfill(response=await route.fetch(url=address))

    await context.route("**/*", pass_on)
    watch = await watched(context, f"{node_url}deep/below/", shots)
    await watch.open("?collection=CMIP6&p.cmip6%3Aexperiment_id=amip&limit=10")
    await says(watch.page, f"{OF_EXPERIMENT} records found")
    await watch.page.get_by_role("button", name="Next page").click()
    await says(watch.page, f"{OF_EXPERIMENT} records found, {OF_EXPERIMENT - 10} shown")
    await watch.page.get_by_role("article").first.get_by_role("link").click()
    await expect(watch.page.get_by_role("region", name="Versions").get_by_role("row")).to_have_count(2)
    assert urlsplit(watch.page.url).path == "/deep/below/"
    await context.close()
    assert watch.faults() == []
    assert watch.refused == []


async def test_the_policy_forbids_other_hosts(watch: Watched) -> None:
    watch.expected.append("Content Security Policy")
    watch.expected.append("Refused to connect")
    await watch.open()
    outcome = await watch.page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'stopped')")
    assert outcome == "stopped"
    assert any("Content Security Policy" in text for text in watch.said)
    watch.foreign = [url for url in watch.foreign if url != "https://example.org/"]


async def test_programs_get_json(node_url: str) -> None:
    async with httpx.AsyncClient() as client:
        for accept in ("*/*", "application/json", "application/json, text/html", "text/html;q=0.5, */*"):
            answer = await client.get(node_url, headers={"accept": accept})
            assert answer.json()["type"] == "Catalog", accept
            assert "accept" in answer.headers["vary"].lower()
        page = await client.get(node_url, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["content-security-policy"].startswith("default-src 'self';")
        assert "accept" in page.headers["vary"].lower()
        script = await client.get(f"{node_url}page/app.js")
        again = await client.get(f"{node_url}page/app.js", headers={"if-none-match": script.headers["etag"]})
        assert (script.status_code, again.status_code, again.content) == (200, 304, b"")
        assert (await client.get(f"{node_url}page/none.js")).status_code == 404
