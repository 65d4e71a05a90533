"""Promise S2: validation opens no socket, whatever address stands in whatever field."""

from __future__ import annotations

import http.client
import socket
import urllib.request
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from catalogue.profile import AssetRule, IdRule, Profile
from checks.checker import RuleChecker
from schemas import registry, stac
from stream.errors import Finding
from tests.support.no_sockets import SocketGuard, SocketOpened, no_sockets_fixture, sockets_refused
from tests.support.rules import NO_SCHEMAS

__all__ = ["no_sockets_fixture"]

PROFILE = Profile("hostile", "1", IdRule(), (), assets=AssetRule(("https",)))
CHECKER = RuleChecker(PROFILE, None, NO_SCHEMAS)


def verdict(item: dict[str, Any]) -> list[Finding]:
    """What the checks say: the thing under test."""
    return [finding for finding in CHECKER.check(item) if finding.level != "note"]


URLS = (
    # Files and other schemes
    "file:///etc/passwd",
    "file://localhost/etc/shadow",
    "file://169.254.169.254/share",
    "FILE:///C:/Windows/win.ini",
    "netdoc:///etc/passwd",
    "jar:http://127.0.0.1:1/a.jar!/b",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/stats",
    "ftp://anonymous@127.0.0.1/pub",
    "sftp://127.0.0.1:22/root",
    "tftp://127.0.0.1:69/boot",
    "ldap://127.0.0.1:389/o=x",
    "ldaps://127.0.0.1:636/o=x",
    "rmi://127.0.0.1:1099/x",
    "smb://127.0.0.1/share",
    "telnet://127.0.0.1:23",
    "ws://127.0.0.1:9200/",
    "data:application/json;base64,e30=",
    "data:text/html,<script>fetch('http://127.0.0.1')</script>",
    "javascript:fetch('//127.0.0.1')",
    "vbscript:msgbox(1)",
    "expect://id",
    "php://filter/resource=http://127.0.0.1",
    "view-source:http://127.0.0.1/",
    "about:blank",
    "blob:http://127.0.0.1/0",
    "${jndi:ldap://127.0.0.1:1389/a}",
    "${${lower:j}ndi:rmi://127.0.0.1/a}",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "/var/run/docker.sock",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "\\\\127.0.0.1\\share\\x",
    "\\\\?\\C:\\x",
    # The own machine and network
    "http://127.0.0.1/",
    "http://127.0.0.1:22/",
    "http://localhost:9200/_cat/indices",
    "http://localhost.localdomain/",
    "http://0.0.0.0:80/",
    "http://0/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.0x1/",
    "http://127.0.0.1.nip.io/",
    "http://[::1]:22/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://10.0.0.1/",
    "http://192.168.0.1/admin",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://2852039166/latest/meta-data/",
    # Addresses that are read in two ways
    "http://stac.example@127.0.0.1/",
    "http://127.0.0.1#@stac.example/",
    "http://stac.example\\@127.0.0.1/",
    "http://stac.example:80\\@127.0.0.1:81/",
    "http://user:password@127.0.0.1:80@stac.example/",
    "http://stac.example%00.127.0.0.1/",
    "http://stac.example\x00.127.0.0.1/",
    "http://127.0.0.1\t/",
    " http://127.0.0.1/",
    "http://127.0.0.1/\r\nHost: stac.example\r\n\r\nDELETE /",
    "http://127.0.0.1:6379/\r\nSET x 1\r\n",
    "http://127.0.0.1/%0d%0aX-Injected:%201",
    "http:127.0.0.1",
    "http:///127.0.0.1",
    "//127.0.0.1/x",
    "///127.0.0.1/x",
    "http://①②⑦.⓪.⓪.①/",
    "http://ⓛocalhost/",
    "http://\u0440\u0430\u0443\u0440\u0430l.example/",
    "http://xn--80ak6aa92e.example/",
    "http://127。0。0。1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://[::1/",
    "http://%31%32%37.0.0.1/",
    # Schemas, and hosts that exist
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2020-12/schema",
    "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json",
    "https://geojson.org/schema/Feature.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/file/v99.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json?cache=no#/definitions/../..",
    "#/definitions/core",
    "#",
    "https://example.com/" + "a" * 100_000,
    "http://" + "a." * 5_000 + "example/",
    "http://" + "[" * 10_000,
)

ITEM: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": ["https://stac-extensions.github.io/file/v2.1.0/schema.json"],
    "id": "a",
    "collection": "c",
    "geometry": {"type": "Point", "coordinates": [10, 50]},
    "bbox": [10, 50, 10, 50],
    "properties": {
        "datetime": "2015-01-16T12:00:00Z",
        "pid": "hdl:21.14100/1",
        "license": "CC0-1.0",
        "providers": [{"name": "a", "url": "https://stac.example/"}],
    },
    "links": [
        {"rel": "license", "href": "https://stac.example/license"},
        {"rel": "self", "href": "https://stac.example/self", "method": "POST", "body": {"href": "x"}},
    ],
    "assets": {
        "data": {
            "href": "https://stac.example/data",
            "roles": ["data"],
            "protocol": "https",
            "alternate": {"a.example": {"href": "https://a.example/data", "protocol": "https"}},
        },
        "thumbnail": {"href": "https://stac.example/thumbnail", "roles": ["thumbnail"]},
    },
}

# A path of keys and indices; what is not there yet is added.
FIELDS: tuple[tuple[str | int, ...], ...] = (
    ("$schema",),
    ("$id",),
    ("$ref",),
    ("id",),
    ("collection",),
    ("stac_version",),
    ("stac_extensions", 0),
    ("geometry", "$ref"),
    ("geometry", "crs"),
    ("properties", "$ref"),
    ("properties", "pid"),
    ("properties", "license"),
    ("properties", "sci:doi"),
    ("properties", "providers", 0, "url"),
    ("links", 0, "href"),
    ("links", 0, "rel"),
    ("links", 0, "type"),
    ("links", 1, "href"),
    ("links", 1, "body", "href"),
    ("assets", "data", "href"),
    ("assets", "data", "type"),
    ("assets", "data", "protocol"),
    ("assets", "data", "file:local_path"),
    ("assets", "data", "file:checksum"),
    ("assets", "data", "$ref"),
    ("assets", "thumbnail", "href"),
    ("assets", "data", "alternate", "a.example", "href"),
    ("assets", "data", "alternate", "a.example", "alternate:name"),
)


def with_url(path: tuple[str | int, ...], url: Any) -> dict[str, Any]:
    item = deepcopy(ITEM)
    here: Any = item
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = url
    return item


def with_keys(url: str) -> Iterator[dict[str, Any]]:
    """The URL as the name of an asset, a node and a property."""
    for path in (("assets", url), ("assets", "data", "alternate", url), ("properties", url)):
        yield with_url(path, {"href": url, "alternate:name": url})


def short(url: str) -> str:
    return ascii(url[:40])


def test_there_are_enough_urls_and_the_item_itself_is_sound(no_sockets: SocketGuard) -> None:
    assert len(set(URLS)) == len(URLS) >= 60
    assert verdict(ITEM) == []
    assert no_sockets.attempts == []


@pytest.mark.parametrize("url", URLS, ids=short)
def test_no_url_in_no_field_opens_a_socket(url: str, no_sockets: SocketGuard) -> None:
    findings = [verdict(with_url(path, url)) for path in FIELDS]
    findings += map(verdict, with_keys(url))
    assert any(findings)  # a URL is no version, protocol or checksum: the fields were looked at
    assert no_sockets.attempts == []


def test_all_schemas_are_compiled_without_a_socket(no_sockets: SocketGuard) -> None:
    stac.validator.cache_clear()
    registry.validator.cache_clear()
    for name in registry.NAMES:
        registry.validator(name)
    assert verdict(ITEM) == []
    assert no_sockets.attempts == []


def test_nobody_is_asked_who_would_answer(no_sockets: SocketGuard) -> None:
    """Native code passes the guard by, so here somebody listens at the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        for path in FIELDS:
            verdict(with_url(path, url))
        for item in with_keys(url):
            verdict(item)
        with pytest.raises(TimeoutError):
            server.accept()
    assert no_sockets.attempts == []


BROKEN = (
    "http://127.0.0.1/\r\nHost: stac.example\r\n\r\nDELETE /",
    "http://127.0.0.1\t/",
    "\\\\127.0.0.1\\share\\x",
)


@pytest.mark.parametrize("url", BROKEN, ids=short)
@pytest.mark.parametrize(
    "path",
    [("assets", "data", "href"), ("assets", "data", "alternate", "a.example", "href"), ("links", 0, "href")],
)
def test_what_is_no_url_is_named(path: tuple[str | int, ...], url: str) -> None:
    [finding] = verdict(with_url(path, url))
    assert finding.pointer == "/" + "/".join(map(str, path))
    assert finding.message.startswith("`href` must be a URI, absolute or relative")


# The guard itself


def open_socket(kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    return socket.socket(type=kind)


def connect() -> None:
    with open_socket() as plain:
        plain.connect(("127.0.0.1", 9))


def connect_ex() -> None:
    with open_socket() as plain:
        plain.connect_ex(("127.0.0.1", 9))


def send_to() -> None:
    with open_socket(socket.SOCK_DGRAM) as plain:
        plain.sendto(b"x", ("127.0.0.1", 9))


ATTEMPTS: tuple[Callable[[], Any], ...] = (
    connect,
    connect_ex,
    send_to,
    lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
    lambda: socket.getaddrinfo("stac.example", 80),
    lambda: socket.gethostbyname("stac.example"),
    lambda: urllib.request.urlopen("http://127.0.0.1:9/", timeout=1),
    lambda: http.client.HTTPConnection("127.0.0.1", 9, timeout=1).request("GET", "/"),
)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_guard_counts_and_refuses(attempt: Callable[[], Any]) -> None:
    with sockets_refused() as guard, pytest.raises(SocketOpened):
        attempt()
    assert len(guard.attempts) == 1


def test_the_guard_counts_what_is_swallowed_and_ends(recwarn: pytest.WarningsRecorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with sockets_refused() as guard:
            for _ in range(3):
                try:
                    socket.create_connection(server.getsockname())
                except SocketOpened:
                    continue
        assert [name for name, _ in guard.attempts] == ["socket.getaddrinfo"] * 3
        with socket.create_connection(server.getsockname()) as connection:
            assert connection.getpeername() == server.getsockname()
        assert len(guard.attempts) == 3
    assert not recwarn.list
