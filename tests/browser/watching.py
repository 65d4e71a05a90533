"""A page of a browser that is watched: which hosts it asks, what its console says, what was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response

WAIT_MS = 15_000
LOUD = ("error", "warning")


@dataclass
class Watched:
    """`hosts` may be asked. `expected`: parts of console messages that a test brings about on purpose."""

    page: Page
    url: str
    hosts: frozenset[str]
    shots: Path
    expected: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def open(self, address: str = "") -> None:
        """Go to an address of the node, as somebody does who was sent it."""
        await self.page.goto(self.url + address)

    async def shot(self, name: str) -> None:
        """Keep what the page looks like."""
        await self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    def faults(self) -> list[str]:
        """Other hosts that were asked, and what went wrong without the test asking for it."""
        loud = [text for text in self.said if not any(part in text for part in self.expected)]
        return self.foreign + loud


async def watched(context: BrowserContext, url: str, shots: Path, *hosts: str) -> Watched:
    """A new page of that context; `hosts` beside the one of `url` may be asked."""
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    found = Watched(page, url, frozenset({urlsplit(url).netloc, *hosts}), shots)

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc not in found.hosts:
            found.foreign.append(request.url)

    def said(message: ConsoleMessage) -> None:
        if message.type in LOUD:
            found.said.append(message.text)

    def answered(response: Response) -> None:
        if response.status >= 400:
            found.refused.append(f"{response.status} {response.request.method} {response.url}")

    page.on("request", asked)
    page.on("console", said)
    page.on("response", answered)
    page.on("pageerror", lambda error: found.said.append(f"uncaught: {error}"))
    return found
