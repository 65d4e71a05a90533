"""How ElasticStore is let in, and that it talks to nobody else: API key, user, private authority."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from catalogue.elastic import ElasticStore
from catalogue.elastic_client import Access
from catalogue.store import Verdict
from stream.errors import Unavailable
from tests.contract.store_contract import head
from tests.support.fake_elastic import fake_elastic

OPENSSL_S = 60


@pytest.mark.parametrize(
    ("access", "header"),
    [
        (Access(), None),
        (Access(api_key="aWQ6a2V5"), "ApiKey aWQ6a2V5"),
        (Access(user="me", password="secret"), "Basic " + b64encode(b"me:secret").decode()),
    ],
)
async def test_every_request_says_who_asks(access: Access, header: str | None) -> None:
    async with fake_elastic() as fake:
        store = ElasticStore([fake.url], "test", access)
        assert await store.apply([head(1)]) == [Verdict.ACCEPTED]
        await store.close()
        assert len(fake.asked) >= 2
        assert {asked.headers.get("authorization") for asked in fake.asked} == {header}


@pytest.mark.parametrize(
    "access",
    [
        {"api_key": "x", "user": "me", "password": "y"}, {"user": "me"}, {"password": "y"}, {"key_file": "x"},
    ],
)  # fmt: skip
def test_access_that_contradicts_itself(access: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"need|either"):
        Access(**access)


def test_secrets_are_not_shown() -> None:
    shown = repr(ElasticStore(["http://127.0.0.1:1"], "test", Access(user="me", password="hidden")))
    assert "hidden" not in shown
    assert "hidden" not in repr(Access(api_key="hidden", key_file="hidden", cert_file="x"))


@pytest.mark.parametrize("hosts", [[], ["http://me:secret@127.0.0.1:1"], ["nowhere"]])
def test_hosts_that_cannot_be_used(hosts: list[str]) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the texts are partly the client's
        ElasticStore(hosts, "test")
    assert "secret" not in str(error.value)


def test_tls_files_that_cannot_be_used(authority: Authority) -> None:
    ca = Access(ca_file=str(authority.certificate))
    for hosts in (["http://127.0.0.1:1"], ["https://127.0.0.1:1", "http://127.0.0.1:2"]):
        with pytest.raises(ValueError, match="https"):
            ElasticStore(hosts, "test", ca)
    for access in (Access(ca_file="nowhere"), Access(cert_file=str(authority.certificate))):
        with pytest.raises(ValueError, match="cannot be used"):
            ElasticStore(["https://127.0.0.1:1"], "test", access)


class Authority:
    """A private certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip

    def issue(self, name: str, alternative: str) -> tuple[str, str]:
        """The files of a certificate and its key."""
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        (self.folder / "extensions").write_text(f"subjectAltName={alternative}\n")
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "extensions", "-out", f"{name}.pem",
        )  # fmt: skip
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    def _openssl(self, *arguments: str) -> None:
        command: Sequence[str] = ("openssl", *arguments)
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=OPENSSL_S)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("server: install openssl, which makes the certificates of this test")
    return Authority(tmp_path_factory.mktemp("authority"))


def server_side(authority: Authority, alternative: str = "IP:127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", alternative))
    return context


async def test_a_server_of_a_private_authority(authority: Authority) -> None:
    async with fake_elastic(server_side(authority)) as fake:
        store = ElasticStore([fake.url], "test", Access(ca_file=str(authority.certificate)))
        assert await store.apply([head(1)]) == [Verdict.ACCEPTED]
        await store.close()


async def test_a_server_that_nobody_vouches_for_gets_nothing(authority: Authority) -> None:
    async with fake_elastic(server_side(authority)) as fake:
        store = ElasticStore([fake.url], "test", Access(api_key="aWQ6a2V5"))
        with pytest.raises(Unavailable, match=r"(?i)certificate"):
            await store.apply([head(1)])
        await store.close()
        assert fake.asked == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_certificate_for_another_host_is_refused(authority: Authority, name: str) -> None:
    async with fake_elastic(server_side(authority, "DNS:elsewhere.test")) as fake:
        url = fake.url.replace("127.0.0.1", name)
        store = ElasticStore([url], "test", Access(ca_file=str(authority.certificate)))
        with pytest.raises(Unavailable, match=r"(?i)certificate"):
            await store.apply([head(1)])
        await store.close()
        assert fake.asked == []


async def test_a_certificate_of_our_own_is_shown(authority: Authority) -> None:
    context = server_side(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.certificate)
    certificate, key = authority.issue("client", "DNS:client.test")
    async with fake_elastic(context) as fake:
        ca = str(authority.certificate)
        store = ElasticStore([fake.url], "test", Access(ca_file=ca, cert_file=certificate, key_file=key))
        assert await store.apply([head(1)]) == [Verdict.ACCEPTED]
        await store.close()
        without = ElasticStore([fake.url], "test", Access(ca_file=ca))
        with pytest.raises(Unavailable):
            await without.apply([head(1)])
        await without.close()
