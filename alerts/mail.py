"""Mail by SMTP: encrypted and verified, unless the operator has said otherwise or the server is this machine."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit

from alerts.delivery import SEND_DEADLINE_S, DeliveryFailed
from alerts.threads import Busy, in_thread
from alerts.wording import Message

ANSWER_S = 10.0  # for one answer of the server
PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """`tls`: from the first byte, by STARTTLS (or not at all), or none."""

    host: str
    port: int
    tls: str  # first, starttls, none
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


def read_smtp_url(url: str) -> MailServer:
    """smtp://[USER:PASSWORD@]HOST[:PORT][?starttls=no], or smtps://. ValueError, which never repeats the URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in PORTS or not host or parts.path not in ("", "/"):
        raise ValueError("must be smtp://[USER:PASSWORD@]HOST[:PORT][?starttls=no], or smtps://")
    options = parse_qs(parts.query, keep_blank_values=True)
    if options not in ({}, {"starttls": ["no"]}, {"starttls": ["yes"]}) or (
        options and parts.scheme == "smtps"
    ):
        raise ValueError("has one option, and only for smtp://, starttls=yes or starttls=no")
    plain = options.get("starttls") == ["no"] or (not options and _is_here(host))
    tls = "first" if parts.scheme == "smtps" else "none" if plain else "starttls"
    user, password = parts.username, parts.password
    if (user is None) != (password is None):
        raise ValueError("needs both a user and a password, or neither")
    if user is not None and tls == "none" and not _is_here(host):
        raise ValueError("would send a password in the clear: leave out starttls=no")
    return MailServer(
        host, port or PORTS[parts.scheme], tls, user and unquote(user), password and unquote(password)
    )


@dataclass(frozen=True)
class Mail:
    """One address."""

    to: str
    sender: str
    server: MailServer
    kind: str = "mail"

    @property
    def name(self) -> str:
        return f"mailto:{self.to}"

    async def send(self, message: Message) -> None:
        mail = self.compose(message)
        try:
            await in_thread(lambda: self._deliver(mail), SEND_DEADLINE_S)
        except smtplib.SMTPRecipientsRefused as error:
            [(code, answer)] = error.recipients.values()
            raise DeliveryFailed(f"the address was refused: {code} {_text(answer)}", code >= 500) from error
        except smtplib.SMTPResponseException as error:
            reason = f"the mail server answered {error.smtp_code} {_text(error.smtp_error)}"
            raise DeliveryFailed(reason) from error
        except (OSError, smtplib.SMTPException, TimeoutError, Busy) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}") from error

    def compose(self, message: Message) -> EmailMessage:
        """The mail. A second delivery has the same Message-ID, so that mail readers can tell."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, self.to, message.subject
        mail["Date"] = formatdate(usegmt=True)
        mail["Message-ID"] = f"<{message.key}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # so that no absent person's machine answers
        mail.set_content(message.text)
        return mail

    def _deliver(self, mail: EmailMessage) -> None:
        server, name = self.server, self.sender.rpartition("@")[2]
        verified = ssl.create_default_context()
        if server.tls == "first":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, name, timeout=ANSWER_S, context=verified
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, name, timeout=ANSWER_S)
        with connection:
            if server.tls == "starttls":
                connection.starttls(context=verified)
            if server.user is not None and server.password is not None:
                connection.login(server.user, server.password)
            connection.send_message(mail)


def _text(answer: object) -> str:
    return (answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer))[:200]


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
