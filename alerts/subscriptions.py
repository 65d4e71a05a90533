"""Subscriptions: who wants to hear what, at which address, and the proof that the address wants it too."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from alerts.grouping import Wish
from alerts.notices import Notice
from stream.errors import Finding, Refused

HOUR_S, DAY_S = 3600, 86_400
PERIODS_S = (HOUR_S, 31 * DAY_S)
CONFIRM_WITHIN_S = 3 * DAY_S  # an address that has not said yes by then is forgotten
TEXT_CHARACTERS_MAX = 200
URL_CHARACTERS_MAX = 1000
ID_CHARACTERS = 24
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
MAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_{{|}}~-]{{1,64}}@{LABEL}(?:\.{LABEL}){{0,10}}")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Either `identity` or `collection` is set. `owner` is who asked for it."""

    id: str
    address: str
    owner: str
    asked_s: int
    identity: str | None = None
    collection: str | None = None
    period_s: int = DAY_S
    urgent: bool = True
    confirmed: bool = False

    @property
    def wish(self) -> Wish:
        return Wish(self.urgent, self.period_s)

    @property
    def about(self) -> str:
        return f"collection {self.collection}" if self.collection else f"publisher {self.identity}"

    def wants(self, notice: Notice) -> bool:
        if self.collection is not None:
            return notice.collection == self.collection
        return self.identity in (notice.sub, notice.client_id)

    def shown(self) -> Json:
        """For lists: what of an address can be shown to others."""
        return {**asdict(self), "address": masked(self.address)}


def read_wish(body: bytes, owner: str, now_s: int, key: bytes, webhook_hosts: Sequence[str]) -> Subscription:
    """The subscription that a body asks for. Its id is made of what it is about: to ask twice changes nothing."""
    try:
        found = orjson.loads(body)
    except ValueError as error:
        raise Refused("malformed-body", f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refused("malformed-body", "the body of a subscription is an object")
    kinds: dict[str, Callable[[Any], str | None]] = {
        "address": lambda value: address_fault(value, webhook_hosts),
        "identity": _text_fault,
        "collection": _text_fault,
        "period_s": _period_fault,
        "urgent": lambda value: None if isinstance(value, bool) else "is not true or false",
    }
    faults = {
        name: kinds[name](value) if name in kinds else "is not a member" for name, value in found.items()
    }
    if "address" not in found:
        faults["address"] = "is missing"
    if ("identity" in found) == ("collection" in found):
        faults["identity"] = "or `collection` is needed, one of the two"
    wrong = [Finding("subscription", f"/{name}", fault) for name, fault in faults.items() if fault]
    if wrong:
        detail = f"`{wrong[0].pointer[1:]}` {wrong[0].message}"
        raise Refused("malformed-body", detail[:TEXT_CHARACTERS_MAX], *wrong[:10])
    about = [found["address"], found.get("identity"), found.get("collection"), owner]
    return Subscription(_mac(key, "id", *about)[:ID_CHARACTERS], owner=owner, asked_s=now_s, **found)


def address_fault(address: object, webhook_hosts: Sequence[str]) -> str | None:
    """What is wrong with a publisher's address. A webhook would let anybody make this node call anything, so its
    host has to be on the operator's list."""
    if not isinstance(address, str):
        return "is not a text"
    scheme, _, rest = address.partition(":")
    if scheme == "mailto":
        well = len(rest) <= 254 and MAIL.fullmatch(rest) and "." in rest.partition("@")[2]
        return None if well else "is no mail address; write mailto:name@example.org"
    if scheme != "https":
        return "must begin with mailto: or https:"
    if (
        len(address) > URL_CHARACTERS_MAX
        or not address.isascii()
        or not address.isprintable()
        or " " in address
    ):
        return "is no URL"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if not host or "@" in parts.netloc or "\\" in address:
        return "must be https://HOST/PATH without a user"
    if (host if port in (None, 443) else f"{host}:{port}") not in webhook_hosts:
        return "names a host that this node's operator does not allow for webhooks"
    return None


def token_of(subscription: Subscription, key: bytes) -> str:
    """What only the reader of the address knows."""
    return f"{subscription.id}.{_mac(key, 'confirm', subscription.id, subscription.address)[:32]}"


def confirms(subscription: Subscription, token: str, key: bytes) -> bool:
    return hmac.compare_digest(token_of(subscription, key).encode(), token.encode())


def overdue(subscription: Subscription, now_s: int) -> bool:
    return not subscription.confirmed and now_s > subscription.asked_s + CONFIRM_WITHIN_S


def masked(address: str) -> str:
    """The address without what makes it usable: the name of a mailbox, the path of a webhook."""
    if address.startswith("mailto:"):
        name, _, domain = address.removeprefix("mailto:").partition("@")
        return f"mailto:{name[:1]}...@{domain}"
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}/..."


def encode_all(subscriptions: Mapping[str, Subscription]) -> bytes:
    return orjson.dumps([asdict(each) for each in subscriptions.values()])


def decode_all(body: bytes) -> dict[str, Subscription]:
    return {found["id"]: Subscription(**found) for found in orjson.loads(body)}


def _text_fault(value: object) -> str | None:
    well = isinstance(value, str) and 0 < len(value) <= TEXT_CHARACTERS_MAX and value.isprintable()
    return None if well else f"is not a text of 1 to {TEXT_CHARACTERS_MAX} characters"


def _period_fault(value: object) -> str | None:
    well = isinstance(value, int) and not isinstance(value, bool) and PERIODS_S[0] <= value <= PERIODS_S[1]
    return None if well else f"is not a number of seconds from {PERIODS_S[0]} to {PERIODS_S[1]}"


def _mac(key: bytes, *parts: str | None) -> str:
    return hmac.new(key, b"alerts:" + orjson.dumps(parts), hashlib.sha256).hexdigest()
