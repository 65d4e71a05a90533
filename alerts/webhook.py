"""Webhooks: a message as JSON to one URL. Its answer is not read, and a redirect is a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import orjson

from alerts.delivery import SEND_DEADLINE_S, DeliveryFailed
from alerts.wording import Message

CONNECT_S = 5.0
TIMEOUT = aiohttp.ClientTimeout(total=SEND_DEADLINE_S, sock_connect=CONNECT_S)


def checked(url: str) -> str:
    """ValueError, which never repeats the URL: its path may be a secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("a webhook needs a URL") from None
    if parts.scheme not in ("http", "https") or not host or parts.username or not url.isprintable():
        raise ValueError("a webhook needs https://HOST/PATH")
    return url


@dataclass(frozen=True)
class Webhook:
    """POST; any 2xx is success."""

    url: str
    kind: str = "webhook"

    def __repr__(self) -> str:
        return f"Webhook({self.name})"

    @property
    def name(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/..."

    async def send(self, message: Message) -> None:
        headers = {"content-type": "application/json", "idempotency-key": message.key}
        try:
            # A connection of its own: messages are rare, and nothing has to be closed at the end of the process.
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(
                    self.url, data=orjson.dumps(message.data), headers=headers, allow_redirects=False
                ) as answer,
            ):
                status = answer.status
        except aiohttp.ClientConnectorCertificateError as error:
            raise DeliveryFailed(f"no connection: {error.certificate_error}") from error
        except aiohttp.ClientConnectorError as error:
            raise DeliveryFailed(f"no connection: {error.os_error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DeliveryFailed(type(error).__name__) from error
        if not 200 <= status < 300:
            # 410 is how a receiver says that nobody is there any more.
            raise DeliveryFailed(f"answered {status}", final=status == 410)
