"""Searching on the page: what a person chooses filters the list, is in the address, and can be taken back."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.records import BOXES, EXPERIMENTS, MEMBERS, SOURCES, VARIABLES
from tests.browser.watching import Watched

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_server]

OF_EXPERIMENT = len(SOURCES) * len(VARIABLES) * len(MEMBERS)
CLIMATE = OF_EXPERIMENT * len(EXPERIMENTS)


def count(page: Page) -> Any:
    """The heading that says how many records there are."""
    return page.get_by_role("heading", level=2, name=re.compile("record"))


async def says(page: Page, text: str) -> None:
    await expect(count(page)).to_have_text(re.compile(rf"^{text}"))


async def titles(page: Page) -> list[str]:
    return await page.get_by_role("article").get_by_role("heading", level=3).all_inner_texts()


async def matched(url: str, **search: Any) -> int:
    """What the API itself counts."""
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/search", json={"limit": 1, **search})
        assert answer.status_code == 200, answer.text
        found: int = answer.json()["numberMatched"]
        return found


async def test_everything_is_listed_first(watch: Watched) -> None:
    await watch.open()
    await says(watch.page, f"{await matched(watch.url)} records found, 20 shown")
    assert len(await titles(watch.page)) == 20
    await expect(watch.page.get_by_role("group", name="Experiment ID")).to_be_visible()
    await watch.shot("search")


async def test_a_facet_filters_and_its_counts_follow(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=CMIP6")
    experiment = page.get_by_role("group", name="Experiment ID")
    await experiment.get_by_role("checkbox", name=re.compile("amip")).check()
    await says(page, f"{OF_EXPERIMENT} records found")
    assert all(".amip." in title for title in await titles(page))
    variable = page.get_by_role("group", name="Variable ID")
    tas = variable.get_by_role("checkbox", name=re.compile(r"^tas"))
    await expect(tas).to_have_accessible_name(re.compile(rf"{OF_EXPERIMENT // len(VARIABLES)} records"))
    await tas.check()
    await says(page, f"{OF_EXPERIMENT // len(VARIABLES)} records found")
    # Other values of a chosen facet stay, with what they would add.
    await experiment.get_by_role("checkbox", name=re.compile("1pctCO2")).check()
    await says(page, f"{2 * OF_EXPERIMENT // len(VARIABLES)} records found")
    assert "p.cmip6%3Aexperiment_id=amip" in page.url
    await watch.shot("facets")


async def test_back_and_a_shared_address(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=CMIP6")
    await says(page, str(await matched(watch.url, collections=["CMIP6"])))
    await page.get_by_role("checkbox", name=re.compile("amip")).check()
    await says(page, f"{OF_EXPERIMENT} records found")
    shared = page.url
    await page.get_by_label("Words").fill("tas")
    await says(page, f"{OF_EXPERIMENT // len(VARIABLES)} records found")
    await page.go_back()
    await says(page, f"{OF_EXPERIMENT} records found")
    await expect(page.get_by_label("Words")).to_have_value("")
    await page.go_back()
    await says(page, str(await matched(watch.url, collections=["CMIP6"])))
    await expect(page.get_by_role("checkbox", name=re.compile("amip"))).not_to_be_checked()
    await page.goto(shared)
    await says(page, f"{OF_EXPERIMENT} records found")
    await expect(page.get_by_role("checkbox", name=re.compile("amip"))).to_be_checked()


async def test_a_filter_is_taken_away_by_its_button(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places&q=alps&p.title=A+scene+of+alps")
    await says(page, "1 record found")
    await page.get_by_role("button", name="Remove: “alps”").click()
    await expect(page.get_by_role("button", name="Remove: “alps”")).to_have_count(0)
    await page.get_by_role("button", name="Remove: Title: A scene of alps").click()
    await says(page, str(await matched(watch.url, collections=["places"])))


async def test_time(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places")
    await page.get_by_label("From", exact=True).fill("2002")
    await page.get_by_label("To", exact=True).fill("2003-06")
    await page.keyboard.press("Enter")
    await says(page, "2 records found")
    assert sorted(await titles(page)) == ["A scene of andes", "A scene of java"]
    await page.get_by_label("From", exact=True).fill("2002-02-30")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("alert")).to_contain_text("“2002-02-30” is not a year, a month or a day.")


async def test_a_box_of_four_numbers_over_the_180th_meridian(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places")
    await page.locator("summary", has_text="Place").click()
    for side, value in (("West", "175"), ("East", "-175"), ("South", "-30"), ("North", "0")):
        await page.get_by_label(side, exact=True).fill(value)
    await page.get_by_role("button", name="Search this box").click()
    await says(page, "1 record found")
    assert await titles(page) == ["A scene of fiji"]
    await expect(page.locator("#map .help")).to_contain_text("Search box: 175° E to 175° W")
    await watch.shot("box")
    await page.get_by_label("West", exact=True).fill("east")
    await page.get_by_role("button", name="Search this box").click()
    await expect(page.get_by_role("alert")).to_contain_text("A box needs four numbers")


async def test_a_box_drawn_with_the_mouse(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places")
    await says(page, str(await matched(watch.url, collections=["places"])))
    world = page.get_by_label("World map of the records found")
    await page.get_by_role("button", name="Whole world").click()
    await page.get_by_role("button", name="Draw a box").click()
    west, south, east, north = BOXES["andes"]
    await page.mouse.move(*(await _at(page, west - 5, north + 5)))
    await page.mouse.down()
    await page.mouse.move(*(await _at(page, -70, -20)))
    await page.mouse.move(*(await _at(page, east + 5, south - 5)))
    await page.mouse.up()
    await says(page, "1 record found")
    assert await titles(page) == ["A scene of andes"]
    assert "box=" in page.url
    await expect(page.get_by_role("button", name="Draw a box")).to_have_attribute("aria-pressed", "false")
    await expect(world).to_be_visible()


async def _at(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where on the screen a place is."""
    place: list[float] = await page.evaluate(
        """([lon, lat]) => {
            const map = document.querySelector("#map svg");
            const point = new DOMPoint(lon, -lat).matrixTransform(map.getScreenCTM());
            return [point.x, point.y];
        }""",
        [lon, lat],
    )
    return place[0], place[1]


async def test_a_footprint_leads_to_its_record(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places&sort=%2Bid")
    await expect(page.locator("#map .print")).to_have_count(
        3 * await matched(watch.url, collections=["places"])
    )
    await page.mouse.click(*(await _at(page, 10.5, 46)))
    await expect(page.get_by_role("link", name="A scene of alps")).to_be_focused()


async def test_pages(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=CMIP6&limit=10&sort=%2Bid")
    await says(page, f"{await matched(watch.url, collections=['CMIP6'])} records found, 10 shown")
    first = await titles(page)
    back, onward = (page.get_by_role("button", name=name) for name in ("Previous page", "Next page"))
    await expect(back).to_be_disabled()
    await onward.click()
    await expect(back).to_be_enabled()
    second = await titles(page)
    assert second != first
    await page.reload()
    await expect(page.get_by_role("article")).to_have_count(10)
    assert await titles(page) == second
    await back.click()
    await expect(back).to_be_disabled()
    assert await titles(page) == first


async def test_a_range_of_numbers_and_an_order(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places&r.eo%3Acloud_cover=5..&sort=-datetime")
    await says(page, "2 records found")
    assert await titles(page) == ["A scene of java", "A scene of andes"]
    await page.get_by_label("Order").select_option("earliest first")
    await expect(page.get_by_role("article").first).to_contain_text("A scene of andes")
    await page.get_by_label("At most").fill("15")
    await page.keyboard.press("Tab")
    await says(page, "1 record found")


async def test_nothing_found(watch: Watched) -> None:
    await watch.open("?q=nobodywrotethis")
    await says(watch.page, "No record found")
    await expect(watch.page.get_by_text("No record fits.")).to_be_visible()


async def test_what_the_api_refuses_is_said(watch: Watched) -> None:
    watch.expected.append("status of 400")
    await watch.open("?token=invented")
    await expect(watch.page.get_by_role("alert")).to_contain_text(re.compile("token", re.IGNORECASE))
    await expect(watch.page.get_by_role("article")).to_have_count(0)


async def test_a_server_that_is_gone_is_said(watch: Watched) -> None:
    watch.expected.append("ERR_CONNECTION_REFUSED")
    await watch.open()
    await says(watch.page, str(await matched(watch.url)))
    await watch.page.route("**/search", lambda route: route.abort("connectionrefused"))
    await watch.page.get_by_label("Words").fill("tas")
    await expect(watch.page.get_by_role("alert")).to_contain_text("The server cannot be reached.")


async def test_records_do_not_wait_for_counts(watch: Watched) -> None:
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await watch.page.route("**/aggregate", hold)
    await watch.open()
    await says(watch.page, str(await matched(watch.url)))
    await expect(watch.page.get_by_role("checkbox", name=re.compile("amip"))).to_have_count(0)
    held.set()
    await expect(watch.page.get_by_role("checkbox", name=re.compile("amip"))).to_be_visible()


async def test_a_late_answer_to_an_older_search_is_dropped(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places")
    await says(page, str(await matched(watch.url, collections=["places"])))
    held, came = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if "andes" in (route.request.post_data or ""):
            came.set()
            await held.wait()
        await route.continue_()

    await page.route("**/search", hold)
    await page.get_by_label("Words").fill("andes")
    await came.wait()
    await page.get_by_label("Words").fill("alps")
    await says(page, "1 record found")
    held.set()
    await asyncio.sleep(0.5)
    assert await titles(page) == ["A scene of alps"]
