"""Destinations: the port that messages leave through, and the list of them that an operator has set."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.wording import Message

logger = logging.getLogger(__name__)


class Destination(Protocol):
    """`name` is for people and logs and has no secrets; `kind` is one of a few words, for metrics."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    async def send(self, message: Message) -> None:
        """Deliver within SEND_DEADLINE_S. DeliveryFailed otherwise."""


@dataclass(frozen=True, slots=True)
class LogDestination:
    """The node's own log."""

    name: str = "log"
    kind: str = "log"

    async def send(self, message: Message) -> None:
        logger.warning(
            "alert", extra={"alert": message.key, "subject": message.subject, "detail": message.text}
        )


@dataclass(frozen=True, slots=True)
class Office:
    """Makes destinations of addresses. `smtp_url` None: no mail."""

    node: str
    smtp_url: str | None = None
    mail_from: str | None = None
    webhook_hosts: Sequence[str] = ()

    def operators(self, url: str) -> Destination:
        """The destination of a URL that the operator has set. ValueError says what is wrong, never the URL."""
        from alerts.chat import Chat
        from alerts.webhook import Webhook, checked

        scheme, _, rest = url.partition(":")
        if scheme == "log" and not rest:
            return LogDestination()
        if scheme == "mailto":
            return self._mail(rest)
        if scheme in ("https", "http"):
            return Webhook(checked(url))
        if scheme == "apprise":
            return Chat.of(rest)
        raise ValueError("a destination is log:, mailto:ADDRESS, https://... or apprise:URL")

    def publishers(self, address: str) -> Destination:
        """The destination of a subscription. ValueError where the operator does not allow it any more."""
        from alerts.subscriptions import address_fault
        from alerts.webhook import Webhook, checked

        fault = address_fault(address, self.webhook_hosts)
        if fault is not None:
            raise ValueError(f"the address {fault}")
        if address.startswith("mailto:"):
            return self._mail(address.removeprefix("mailto:"))
        return Webhook(checked(address))

    def _mail(self, address: str) -> Destination:
        from alerts.mail import Mail, read_smtp_url
        from alerts.subscriptions import MAIL

        if not MAIL.fullmatch(address):
            raise ValueError("mailto: needs one plain mail address")
        if self.smtp_url is None or self.mail_from is None:
            raise ValueError("mail needs a server and a sender: STACFED_SMTP_URL and STACFED_MAIL_FROM")
        if not MAIL.fullmatch(self.mail_from):
            raise ValueError("STACFED_MAIL_FROM is not one plain mail address")
        return Mail(address, self.mail_from, read_smtp_url(self.smtp_url))
