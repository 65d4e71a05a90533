"""Chat services and all else that the `apprise` library can reach."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Any

from alerts.delivery import SEND_DEADLINE_S, DeliveryFailed
from alerts.threads import Busy, in_thread
from alerts.wording import Message

TEXT_CHARACTERS_MAX = 1500  # chats are not for reading long lists


@dataclass(frozen=True)
class Chat:
    """One service. The library has time limits of its own for each of its requests."""

    service: Any
    kind: str = "apprise"

    def __repr__(self) -> str:
        return f"Chat({self.name})"

    @classmethod
    def of(cls, url: str) -> Chat:
        """ValueError for a URL that the library does not know, or that switches verification off."""
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it writes addresses into its messages
        with warnings.catch_warnings():  # it loads all its plugins, some over modules that Python will drop
            warnings.simplefilter("ignore", DeprecationWarning)
            found = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(secure_logging=True))
        if found is None or not hasattr(found, "notify"):
            raise ValueError("apprise: is not followed by a URL that the apprise library knows")
        if not getattr(found, "verify_certificate", True):
            raise ValueError("apprise: this URL would not verify the server's certificate")
        return cls(found)

    @property
    def name(self) -> str:
        return f"apprise:{type(self.service).__name__}"

    async def send(self, message: Message) -> None:
        text = message.text
        if len(text) > TEXT_CHARACTERS_MAX:
            text = text[:TEXT_CHARACTERS_MAX] + "\n..."
        taken: list[bool] = []
        try:
            await in_thread(
                lambda: taken.append(bool(self.service.notify(body=text, title=message.subject))),
                SEND_DEADLINE_S,
            )
        except (OSError, TypeError, TimeoutError, Busy) as error:
            raise DeliveryFailed(type(error).__name__) from error
        if taken != [True]:
            raise DeliveryFailed("the service did not take it")
