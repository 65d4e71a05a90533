"""Subscriptions: which addresses may be registered, and that nothing is believed without its proof."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from alerts.chat import Chat
from alerts.destinations import Office
from alerts.mail import read_smtp_url
from alerts.make import Options
from alerts.subscriptions import (
    CONFIRM_WITHIN_S,
    Subscription,
    address_fault,
    confirms,
    decode_all,
    encode_all,
    masked,
    overdue,
    read_wish,
    token_of,
)
from stream.errors import Refused

KEY, HOSTS = b"a key of sixteen or more", ("hooks.example.org", "other.example.org:8443")
WISH = {"address": "mailto:ann@example.org", "collection": "CMIP6", "period_s": 3600, "urgent": False}


def read(**told: Any) -> Subscription:
    return read_wish(orjson.dumps(WISH | told), "ann", 1000, KEY, HOSTS)


@pytest.mark.parametrize("address", [
    "mailto:ann@example.org", "mailto:a.b+c@sub.example.org", "https://hooks.example.org/services/x?y=1",
    "https://hooks.example.org:443/", "https://other.example.org:8443/x", "https://HOOKS.example.org/",
])  # fmt: skip
def test_good_addresses(address: str) -> None:
    assert address_fault(address, HOSTS) is None


@pytest.mark.parametrize("address", [
    "", "ann@example.org", "mailto:", "mailto:ann", "mailto:ann@localhost", "mailto:ann@example.org,bob@example.org",
    "mailto:ann@example.org?bcc=bob@example.org", "mailto:ann@example.org\r\nBcc: bob@example.org",
    "mailto:ann@exa mple.org", "mailto:<ann@example.org>", "mailto:ann@-example.org", "mailto:änn@example.org",
    "mailto:" + "a" * 65 + "@example.org", "http://hooks.example.org/", "ftp://hooks.example.org/",
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest",
    "https://hooks.example.org.evil.org/", "https://evil.org#hooks.example.org", "https://evil.org\\@hooks.example.org/",
    "https://hooks.example.org@evil.org/", "https://user:pw@hooks.example.org/", "https://hooks.example.org:22/",
    "https://hooks.example.org:x/", "https://", "https:hooks.example.org", "https://hooks.example.org/\n",
    "https://hooks.example.org/" + "x" * 1000, "apprise:json://hooks.example.org", "log:", 7, None, ["mailto:a@b.c"],
])  # fmt: skip
def test_bad_addresses(address: object) -> None:
    assert address_fault(address, HOSTS)


def test_without_allowed_hosts_there_is_only_mail() -> None:
    assert address_fault("https://hooks.example.org/", ())


@pytest.mark.parametrize(("told", "member"), [
    ({"address": None}, "/address"), ({"collection": ""}, "/collection"), ({"collection": 3}, "/collection"),
    ({"identity": "ann"}, "/identity"), ({"period_s": 59}, "/period_s"), ({"period_s": True}, "/period_s"),
    ({"period_s": 10**9}, "/period_s"), ({"urgent": "yes"}, "/urgent"), ({"owner": "bob"}, "/owner"),
    ({"confirmed": True}, "/confirmed"), ({"id": "1"}, "/id"),
])  # fmt: skip
def test_a_faulty_wish_is_refused_by_its_member(told: dict[str, Any], member: str) -> None:
    with pytest.raises(Refused) as refused:
        read(**told)
    assert [finding.pointer for finding in refused.value.problem.findings] == [member]


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"{}", b'{"address":"mailto:a@b.cd"}'])
def test_a_body_that_is_no_wish_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_wish(body, "ann", 0, KEY, HOSTS)


def test_the_same_wish_is_the_same_subscription() -> None:
    assert read().id == read(period_s=7200, urgent=True).id
    others = [read(collection="CMIP7"), read(address="mailto:bob@example.org")]
    assert len({read().id, *(other.id for other in others)}) == 3


def test_a_token_is_of_one_subscription_and_key() -> None:
    one, other = read(), read(collection="CMIP7")
    assert confirms(one, token_of(one, KEY), KEY)
    assert not confirms(one, token_of(other, KEY), KEY)
    assert not confirms(one, token_of(one, b"another key of sixteen"), KEY)
    assert not confirms(one, token_of(one, KEY) + "é", KEY)


def test_an_unconfirmed_address_is_forgotten() -> None:
    assert not overdue(read(), 1000 + CONFIRM_WITHIN_S)
    assert overdue(read(), 1001 + CONFIRM_WITHIN_S)


def test_all_are_stored_whole_and_shown_without_their_addresses() -> None:
    found = {read().id: read()}
    assert decode_all(encode_all(found)) == found
    assert read().shown()["address"] == "mailto:a...@example.org"
    assert masked("https://hooks.example.org/services/secret") == "https://hooks.example.org/..."


@pytest.mark.parametrize("url", [
    "", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://mail.example.org/path", "smtp://h:x",
    "smtp://ann@mail.example.org", "smtp://ann:secret@mail.example.org?starttls=no", "smtp://h?starttls=maybe",
    "smtps://h?starttls=no", "smtp://h?verify=no",
])  # fmt: skip
def test_a_faulty_mail_server_is_refused_without_its_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|must|has|needs|would) ") as wrong:
        read_smtp_url(url)
    assert "secret" not in str(wrong.value)


def test_mail_is_encrypted_unless_said_otherwise() -> None:
    found = {url: (server.port, server.tls) for url in (
        "smtp://mail.example.org", "smtp://mail.example.org:587", "smtp://mail.example.org?starttls=no",
        "smtps://mail.example.org", "smtp://127.0.0.1", "smtp://localhost?starttls=yes",
    ) for server in [read_smtp_url(url)]}  # fmt: skip
    assert list(found.values()) == [
        (25, "starttls"), (587, "starttls"), (25, "none"), (465, "first"), (25, "none"), (25, "starttls"),
    ]  # fmt: skip
    server = read_smtp_url("smtps://ann:s%40cret@mail.example.org")
    assert (server.user, server.password) == ("ann", "s@cret")
    assert "cret" not in repr(server)


@pytest.mark.parametrize("url", [
    "", "log:x", "slack://secret", "mailto:ops@example.org", "https://", "https://user:secret@example.org/",
    "apprise:", "apprise:nothing://secret", "apprise:jsons://example.org/secret?verify=no", "file:///secret",
])  # fmt: skip
def test_a_faulty_destination_is_named_by_its_place(url: str) -> None:
    with pytest.raises(ValueError, match="destination 2: ") as wrong:
        Options("north", alerts=("log:", url)).destinations()
    assert "secret" not in str(wrong.value)


def test_names_of_destinations_have_no_secrets() -> None:
    office = Office("north", "smtp://127.0.0.1", "stacfed@example.org")
    urls = {
        "log:": "log", "mailto:ops@example.org": "mailto:ops@example.org",
        "https://hooks.example.org/services/secret": "https://hooks.example.org/...",
        "apprise:json://example.org/secret": "apprise:NotifyJSON",
    }  # fmt: skip
    assert {url: office.operators(url).name for url in urls} == urls
    assert "secret" not in repr([office.operators(url) for url in urls])


def test_chats_verify_certificates() -> None:
    assert Chat.of("jsons://example.org/").service.verify_certificate
