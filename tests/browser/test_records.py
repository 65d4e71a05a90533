"""One record and one collection on the page: versions, locations, history, counts; and nothing of them is markup."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from federation.demo_records import AREA, SCENE, TAS, TOS
from tests.browser.records import MARKUP, REASON, RETRACTED
from tests.browser.test_search import CLIMATE, OF_EXPERIMENT, says
from tests.browser.watching import Watched

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_server]

TAS_1, TAS_2 = f"{TAS}.v20190406", f"{TAS}.v20200310"


async def test_versions_lead_to_each_other(watch: Watched) -> None:
    page = watch.page
    await watch.open(f"?of=CMIP6&item={TAS_1}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(TAS)
    await expect(page.get_by_text("not the latest")).to_be_visible()
    versions = page.get_by_role("region", name="Versions")
    await expect(versions.get_by_role("row")).to_have_count(3)
    await versions.get_by_role("link", name="To the latest version").click()
    await expect(page.get_by_text(TAS_2, exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await versions.get_by_role("link", name="20190406").click()
    await expect(page.get_by_text(TAS_1, exact=True)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text(TAS_2, exact=True)).to_be_visible()
    await watch.shot("versions")


async def test_locations_and_history(watch: Watched) -> None:
    page = watch.page
    await watch.open(f"?of=CMIP6&item={TOS}.v20180803")
    files = page.get_by_role("region", name="Files and locations")
    await expect(files.get_by_role("link", name=re.compile("north.example.org"))).to_have_count(1)
    await expect(files.get_by_role("link", name=re.compile("south.example.org"))).to_have_count(1)
    await expect(files.get_by_role("row", name=re.compile("MB.*sha-256"))).to_have_count(2)
    events = page.get_by_role("region", name="What happened")
    for action in ("publish", "replica-add", "transfer"):
        await expect(events.get_by_role("cell", name=action, exact=True).first).to_be_visible()
    await expect(page.get_by_role("row", name=re.compile("Variable ID.*tos"))).to_be_visible()
    await watch.shot("record")


async def test_back_to_the_search_as_it_was(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=CMIP6&p.cmip6%3Aexperiment_id=amip")
    await says(page, f"{OF_EXPERIMENT} records found")
    await page.get_by_role("article").first.get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(".amip.")
    await page.get_by_role("link", name="Back to the search").click()
    await says(page, f"{OF_EXPERIMENT} records found")


async def test_what_is_gone_is_said(watch: Watched) -> None:
    watch.expected += ["status of 410", "status of 404"]
    alert = watch.page.get_by_role("alert")
    await watch.open(f"?of=CMIP6&item={AREA}.v20190710")
    await expect(alert).to_contain_text("was withdrawn: licence was never granted")
    await watch.open(f"?of=scenes&item={SCENE}")
    await expect(alert).to_contain_text(f"There is no item {SCENE}")


async def test_a_retracted_record_says_why_and_shows_its_files_on_demand(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places&q=glacier")
    await says(page, "No record found")
    await page.get_by_label("Retracted records too").check()
    await says(page, "1 record found")
    await page.get_by_role("link", name=f"A scene of {RETRACTED}").click()
    await expect(page.get_by_text(f"This record was retracted: {REASON}.")).to_be_visible()
    files = page.get_by_role("region", name="Files and locations")
    await expect(files).to_contain_text("No file is listed.")
    await watch.shot("retracted")
    await page.get_by_role("button", name="Show its files nevertheless").click()
    await expect(files.get_by_role("link", name=f"https://north.example.org/{RETRACTED}.tif")).to_be_visible()


async def test_text_of_a_record_is_no_markup_and_no_script(watch: Watched) -> None:
    page = watch.page
    await watch.open("?collection=places&q=hostile")
    await says(page, "1 record found")
    await page.get_by_role("link", name=MARKUP).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    await expect(page.get_by_text("javascript:alert(1)")).to_be_visible()
    assert await page.locator("img").count() == 0
    assert await page.locator("a[href^='javascript']").count() == 0
    assert MARKUP in await page.title()


async def test_collections_and_counts(watch: Watched) -> None:
    page = watch.page
    await watch.open()
    await page.get_by_role("link", name="Collections", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Collections")
    await expect(page.get_by_role("paragraph").filter(has_text=f"{CLIMATE + 4} records")).to_be_visible()
    await watch.shot("collections")
    await page.get_by_role("link", name="CMIP6", exact=True).click()
    counts = page.get_by_role("region", name="Experiment ID").or_(
        page.locator("section").filter(has_text="Experiment ID")
    )
    await expect(counts.get_by_role("row", name=re.compile(f"amip.*{OF_EXPERIMENT}"))).to_be_visible()
    await watch.shot("collection")
    await counts.get_by_role("link", name="amip").click()
    await says(page, f"{OF_EXPERIMENT} records found")
