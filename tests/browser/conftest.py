"""A federation with records, a real Chromium, and pages of it that are watched.

Screenshots go to a temporary folder of pytest; `--basetemp` or STACFED_SCREENSHOTS says where.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, async_playwright

from tests.browser import packages, records
from tests.browser.watching import Watched, watched
from tests.servers.tools import Missing
from tests.support.command import running

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDE = ViewportSize(width=1280, height=900)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; asked for first, so that nothing is started without one."""
    try:
        return packages.chromium()
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def node_url(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `north`, one of two nodes, after the tour of the demonstration and with more records."""
    with running(tmp_path_factory.mktemp("federation"), "demo", "--port", "0") as federation:
        said = federation.said("The catalogue in a browser: ")
        url = said.rpartition("The catalogue in a browser: ")[2].split("/ (")[0]
        records.publish(url)
        yield f"{url}/"


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of screenshots."""
    named = os.environ.get("STACFED_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A Chromium without a window."""
    async with async_playwright() as driver:
        found = await driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        await found.close()


@pytest_asyncio.fixture(loop_scope="module")
async def watch(browser: Browser, node_url: str, shots: Path) -> AsyncIterator[Watched]:
    """A page that is at no address yet. At the end of a test nothing may have gone wrong in it."""
    context = await browser.new_context(viewport=WIDE, locale="en-GB")
    found = await watched(context, node_url, shots)
    yield found
    await context.close()
    assert found.faults() == []


def host(url: str) -> str:
    """Host and port."""
    return urlsplit(url).netloc
