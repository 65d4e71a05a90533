"""Alerts from the log to real sinks: SMTP and HTTP over local ports, a restart, subscriptions, and trouble."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import orjson
import pytest
from aiohttp import web
from fastapi import Request

from alerts.delivery import DeliveryFailed
from alerts.grouping import HOUR_S
from alerts.keeping import trays_of
from alerts.make import Alerts, Options, destination_id, make_alerts
from alerts.notices import Notice, refusal_of
from alerts.refusals import HELD_MAX
from alerts.webhook import Webhook
from alerts.wording import trial
from catalogue.sqlite import SqliteStore
from catalogue.store import NOTICES, REQUESTS, Document, Query, Ref
from federation.alert_routes import alert_routes
from federation.app import make_app
from stream.errors import Finding, Problem, Unavailable
from stream.events import Parent, Requester
from stream.log import Message
from stream.outcomes import Outcome, encode_outcome
from stream.sqlite import SqliteLog
from stream.topics import Topics, create_topics
from tests.support.http import collection, running, settings
from tests.support.memory_store import MemoryStore
from tests.support.nodes import QUICK
from tests.support.sinks import MailSink, mail_sink
from transaction_api.policy import Identity, OpenDoor

TOPICS, GROUP, KEY = Topics("t"), "north.alerts.s", b"a key of sixteen or more"
OPS = "mailto:ops@example.org"
FINDING = Finding(
    "facet", "/properties/cmip6:source_id", "`source_id` is not a term.", vocabulary="CMIP6 6.2.58"
)
PROBLEM = Problem("stac-validation", "the item fails its checks", (FINDING,)).to_json(":1")
T0 = 1_780_000_000
DAY_S = 86_400


async def until(reached: Callable[[], bool]) -> None:
    """Wait for it, a limited time."""
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110 - what is waited for happens in other threads
            await asyncio.sleep(0.005)


@dataclass
class HookSink:
    """What an HTTP server has been sent, and what it answers."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    status: int = 200
    hold: asyncio.Event | None = None
    port: int = 0

    async def take(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        if self.hold is not None:
            await self.hold.wait()
        if self.status == 200:
            self.bodies.append(orjson.loads(await request.read()))
            self.keys.append(request.headers.get("idempotency-key", ""))
        return web.Response(status=self.status, headers={"location": "/elsewhere"})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/secret"


@asynccontextmanager
async def hook_sink(tls: ssl.SSLContext | None = None) -> AsyncIterator[HookSink]:
    sink, app = HookSink(), web.Application()
    app.router.add_post("/{path:.*}", sink.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    sink.port = runner.addresses[0][1]
    try:
        yield sink
    finally:
        await runner.cleanup()


@dataclass
class Site:
    """A node's log and store on disk, and its alerts, which may be started again. `now_s` is the time it is told."""

    folder: Path
    options: Options
    now_s: int = T0
    alarms: dict[str, Notice] = field(default_factory=dict)
    _parts: tuple[SqliteLog, SqliteStore, Alerts, asyncio.Task[None]] | None = None
    _n: int = 0

    async def start(self) -> None:
        log, store = SqliteLog(self.folder / "log.db"), SqliteStore(self.folder / "north.db")
        await create_topics(log, TOPICS, 3)
        made = make_alerts(
            self.options, log, store, TOPICS, GROUP, KEY, lambda: "2026-06-01T00:00:00.000000Z",
            lambda: self.now_s, lambda: self.alarms,
        )  # fmt: skip
        made.follower.limits = QUICK
        self._parts = log, store, made, asyncio.create_task(made.follower.run())

    async def stop(self) -> None:
        log, store, made, task = self.parts
        made.follower.stop()
        await task
        await store.close()
        await log.close()
        self._parts = None

    @property
    def parts(self) -> tuple[SqliteLog, SqliteStore, Alerts, asyncio.Task[None]]:
        assert self._parts is not None
        return self._parts

    @property
    def alerts(self) -> Alerts:
        return self.parts[2]

    async def told(self, *kinds: str, count: int = 1, **members: Any) -> None:
        """Put outcomes on the log, and wait until the follower has read them."""
        log = self.parts[0]
        found = []
        for kind in kinds:
            for _ in range(count):
                self._n += 1
                found.append(encode_outcome(TOPICS.prefix, outcome(kind, self._n, **members), None))
        await log.append(found)
        await self.caught_up()

    async def caught_up(self) -> None:
        log = self.parts[0]
        async with asyncio.timeout(20):
            for topic in (TOPICS.success, TOPICS.errors):
                while await log.committed(GROUP, topic) != await log.end(topic):  # noqa: ASYNC110 - it is a file
                    await asyncio.sleep(0.005)

    async def later(self, seconds: int) -> None:
        """Let time pass, and the sender look and finish."""
        self.now_s += seconds
        await self.alerts.sender.look()
        await self.alerts.sender.settled()

    @asynccontextmanager
    async def http(self, authenticator: Any = None) -> AsyncIterator[httpx.AsyncClient]:
        app = make_app("t", [alert_routes(self.alerts.book, authenticator or OpenDoor())])
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://north.example") as client:
            yield client


@asynccontextmanager
async def site(folder: Path, **told: Any) -> AsyncIterator[Site]:
    told.setdefault("mail_from", "stacfed@north.example")
    found = Site(folder, Options("north", **told))
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


class DownStore(MemoryStore):
    """One that is away."""

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        raise Unavailable("the store is away")


def outcome(
    kind: str, n: int, collection: str = "CMIP6", node: str = "north", sub: str = "ann", of: int = 0
) -> Outcome:
    problem = None if kind in ("indexed", "unchanged") else PROBLEM
    event_id = f"{n:032x}"
    parent = Parent(f"{n // of:032x}", n % of, of) if of else None
    return replace(
        Outcome(event_id, node, "index", kind, 0, n, "2026-05-28T20:27:00.000000Z", collection, f"i{n}",
                parent=parent, problem=problem),
        requester=Requester(sub=sub),
    )  # fmt: skip


def token_in(mail: EmailMessage) -> str:
    [line] = [line for line in mail.get_content().splitlines() if "alerts confirm" in line]
    return str(line.rpartition(" ")[2])


async def subscribed(found: Site, sink: MailSink, **wish: Any) -> str:
    """Subscribe and confirm as a publisher does; the id."""
    async with found.http() as http:
        answer = await http.put("/alerts/subscriptions", json={"address": "mailto:ann@example.org", **wish})
        assert answer.status_code == 201, answer.text
        await found.later(0)
        answer = await http.post("/alerts/confirmations", json={"token": token_in(sink.mails[-1])})
        assert answer.status_code == 200, answer.text
        assert answer.json()["confirmed"] is True
        return str(answer.json()["id"])


async def test_a_thousand_anomalies_are_one_mail_and_one_call(tmp_path: Path) -> None:
    async with hook_sink() as hook:
        with mail_sink() as sink:
            async with site(tmp_path, alerts=("log:", OPS, hook.url), smtp_url=sink.url) as found:
                await found.told("anomaly", count=1000)
                await found.told("indexed", "rejected", count=50)
                await found.later(29)
                assert (sink.mails, hook.bodies) == ([], [])
                await found.later(1)
                [mail], [body] = sink.mails, hook.bodies
                assert mail["Subject"] == body["subject"] == "[stacfed north] 1,000 anomalies in CMIP6"
                text = mail.get_content()
                assert "stacfed act retract CMIP6/i" in text
                assert "vocabulary: CMIP6 6.2.58" in text
                assert text.splitlines()[:-1] == body["text"].splitlines()[:-1]
                assert body["groups"][0]["count"] == 1000
                await found.told("anomaly", count=1000)
                await found.later(60)
                assert len(sink.mails) == len(hook.bodies) == 1
                await found.later(900)
                assert sink.mails[1]["Subject"] == "[stacfed north] 1,000 anomalies in CMIP6"
                await found.later(HOUR_S)
                assert len(sink.mails) == len(hook.bodies) == len(set(hook.keys)) == 2


async def test_what_was_not_sent_is_sent_after_a_restart(tmp_path: Path) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, alerts=(OPS,), smtp_url=sink.url) as found:
            await found.told("anomaly", count=3)
            await found.stop()
            await found.start()
            await found.told("dead-letter", count=2)
            await found.later(30)
            assert [mail["Subject"] for mail in sink.mails] == [
                "[stacfed north] 3 anomalies, 2 dead letters in CMIP6"
            ]
            await found.stop()
            await found.start()
            await found.later(HOUR_S)
            assert len(sink.mails) == 1, "nothing is sent twice"


async def test_a_crash_between_sending_and_saying_so_sends_again(tmp_path: Path) -> None:
    async with hook_sink() as hook, site(tmp_path, alerts=(hook.url,)) as found:
        hook.hold = asyncio.Event()
        await found.told("anomaly")
        found.now_s += 30
        task = asyncio.create_task(found.alerts.sender.run())
        await until(lambda: bool(hook.paths))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        hook.hold.set()
        await found.stop()
        await found.start()
        hook.keys.clear()
        await found.later(30)
        assert hook.keys == [], "its next try is booked for later"
        await found.later(90)
        assert hook.keys == [f"{destination_id(hook.url)}-1"]


async def test_a_destination_that_is_away_holds_up_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with hook_sink() as hook:
        with mail_sink() as sink:
            async with site(tmp_path, alerts=(hook.url, OPS), smtp_url=sink.url) as found:
                hook.hold = asyncio.Event()
                await found.told("anomaly")
                found.now_s += 30
                await found.alerts.sender.look()
                await until(lambda: bool(sink.mails))
                await found.told("anomaly", collection="CMIP7")
                found.now_s += 30
                await found.alerts.sender.look()
                await until(lambda: len(sink.mails) == 2)
                assert len(hook.paths) == 1, "and is not called twice at a time"
                hook.status = 503
                hook.hold.set()
                await found.alerts.sender.settled()
                hook.hold = None
                await found.later(120)
                assert hook.bodies == []
                hook.status = 200
                await found.later(HOUR_S)
                assert [[group["collection"] for group in body["groups"]] for body in hook.bodies] == [
                    ["CMIP6"], ["CMIP7"],
                ]  # fmt: skip
    assert "alert not delivered" in caplog.text
    assert "secret" not in caplog.text
    assert "secret" not in str([vars(record) for record in caplog.records])


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async with hook_sink() as hook, site(tmp_path, alerts=(hook.url,)) as found:
        hook.status = 307
        await found.told("anomaly")
        await found.later(30)
        assert hook.paths == ["/services/secret"]
        tray = (await trays_of(found.parts[1], [destination_id(hook.url)]))[destination_id(hook.url)]
        assert [parcel.tries for parcel in tray.outbox] == [1]


async def test_an_address_that_is_refused_for_good_is_not_tried_again(tmp_path: Path) -> None:
    with mail_sink() as sink:
        sink.refuse["ops@example.org"] = "550 nobody of that name"
        async with site(tmp_path, alerts=(OPS,), smtp_url=sink.url) as found:
            await found.told("anomaly", count=5)
            await found.later(30)
            tray = (await trays_of(found.parts[1], [destination_id(OPS)]))[destination_id(OPS)]
            assert (tray.outbox, tray.lost) == ([], 5)
            sink.refuse.clear()
            await found.told("anomaly", collection="CMIP7")
            await found.later(30)
            [mail] = sink.mails
            assert "5 earlier notices could not be delivered" in mail.get_content()


async def test_without_a_mail_server_the_follower_goes_on(tmp_path: Path) -> None:
    with mail_sink() as sink:
        port = sink.port
    async with site(tmp_path, alerts=(OPS,), smtp_url=f"smtp://127.0.0.1:{port}") as found:
        await found.told("anomaly")
        await found.later(30)
        await found.told("anomaly", count=10)
        tray = (await trays_of(found.parts[1], [destination_id(OPS)]))[destination_id(OPS)]
        assert [parcel.tries for parcel in tray.outbox] == [1]
        assert [group.count for group in tray.groups.values()] == [10]


async def test_mail_is_not_sent_in_the_clear_where_encryption_is_wanted(tmp_path: Path) -> None:
    with mail_sink() as sink:
        url = f"{sink.url}?starttls=yes"
        async with site(tmp_path, alerts=(OPS,), smtp_url=url) as found:
            await found.told("anomaly")
            await found.later(30)
            assert sink.mails == []


async def test_a_publisher_has_one_digest_a_period_and_the_urgent_at_once(tmp_path: Path) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, smtp_url=sink.url) as found:
            await subscribed(found, sink, collection="CMIP6", period_s=DAY_S)
            sink.mails.clear()
            await found.told("indexed", count=200, of=100)
            await found.told("rejected", count=7)
            await found.told("indexed", "rejected", "anomaly", collection="CMIP7")
            await found.told("rejected", "anomaly", node="south")
            await found.later(DAY_S - 100)
            assert sink.mails == []
            await found.told("anomaly")
            await found.later(30)
            assert [mail["Subject"] for mail in sink.mails] == ["[stacfed north] 1 anomaly in CMIP6"]
            await found.later(70)
            assert (
                sink.mails[1]["Subject"]
                == "[stacfed north] 1 anomaly, 7 refusals, 200 records indexed in CMIP6"
            )
            assert "and 4 more of this kind" in sink.mails[1].get_content()
            await found.later(3 * DAY_S)
            assert len(sink.mails) == 2


def refusal(n: int, collection: str = "CMIP6", sub: str = "ann") -> Notice:
    problem = Problem("stac-validation", "the item fails its checks", (FINDING,))
    return refusal_of(
        problem, Requester(sub=sub), collection, "", "north", f"r{n}", "2026-05-28T20:27:00.000000Z"
    )


async def test_refusals_at_the_door_are_in_the_digest_of_who_asked(tmp_path: Path) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, smtp_url=sink.url) as found:
            await subscribed(found, sink, collection="CMIP6", period_s=DAY_S)
            sink.mails.clear()
            for n in range(5):
                found.alerts.refusals.put(refusal(n))
            found.alerts.refusals.put(refusal(9, collection="CMIP7"))
            await found.alerts.refusals.look()
            await found.alerts.refusals.look()  # nothing is told twice
            await found.later(DAY_S)
            [mail] = sink.mails
            assert mail["Subject"] == "[stacfed north] 5 refusals at the door in CMIP6"
            assert "request r0" in mail.get_content()
            assert "CMIP7" not in mail.get_content()


async def test_refusals_wait_for_the_store_and_are_bounded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, smtp_url=sink.url) as found:
            await subscribed(found, sink, identity="ann", period_s=DAY_S)
            sink.mails.clear()
            refusals = found.alerts.refusals
            for n in range(HELD_MAX + 10):
                refusals.put(refusal(n))
            store, refusals.store = refusals.store, DownStore()
            with pytest.raises(Unavailable):
                await refusals.look()
            refusals.store = store
            await refusals.look()
            assert [
                record.__dict__["count"] for record in caplog.records if "too many" in record.message
            ] == [10]
            await found.later(DAY_S)
            assert sink.mails[0]["Subject"].startswith(f"[stacfed north] {HELD_MAX:,} refusals at the door")


async def test_a_door_tells_whose_request_it_refused(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as node:
        told: list[tuple[str, str]] = []
        state = node.node.app.state
        assert state.refused is not None

        def listen(request: Request, problem: Problem) -> None:
            told.append((request.state.identity.requester.sub, problem.kind))

        state.refused = listen
        await node.settled("POST", "/collections", json=collection("CMIP6"))
        answer = await node.http.post("/collections/CMIP6/items", json={"type": "Feature"})
        assert answer.status_code == 400
        assert told == [("anonymous", "stac-validation")]


async def test_a_publisher_hears_of_what_they_sent(tmp_path: Path) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, smtp_url=sink.url) as found:
            await subscribed(found, sink, identity="ann", period_s=HOUR_S)
            sink.mails.clear()
            log = found.parts[0]
            for number, sub in enumerate(("ann", "bob", "ann")):
                message = encode_outcome(TOPICS.prefix, outcome("rejected", number), None)
                body = orjson.loads(message.value)
                body["metadata"]["auth"]["requester_data"]["sub"] = sub
                await log.append([Message(message.topic, message.key, orjson.dumps(body))])
            await found.caught_up()
            await found.later(HOUR_S)
            assert [mail["Subject"] for mail in sink.mails] == ["[stacfed north] 2 refusals in CMIP6"]


async def test_nothing_is_sent_to_an_address_that_has_not_confirmed(tmp_path: Path) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, smtp_url=sink.url) as found, found.http() as http:
            wish = {"address": "mailto:ann@example.org", "collection": "CMIP6"}
            first = await http.put("/alerts/subscriptions", json=wish)
            again = await http.put("/alerts/subscriptions", json=wish)
            assert (first.status_code, again.status_code) == (201, 200)
            assert first.json()["id"] == again.json()["id"]
            await found.told("anomaly", "rejected", count=3)
            await found.later(10 * DAY_S)
            [mail] = sink.to("ann@example.org")
            assert mail["Subject"] == "[stacfed north] please confirm this address"
            late = await http.post("/alerts/confirmations", json={"token": token_in(mail)})
            assert late.status_code == 400
            for body in (b"", b"{}", b'{"token":"x.y"}', b'{"token":7}'):
                assert (await http.post("/alerts/confirmations", content=body)).status_code == 400


async def test_strangers_cannot_make_a_node_send_much(tmp_path: Path) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, smtp_url=sink.url) as found, found.http() as http:
            found.alerts.book.unconfirmed_max = 5
            codes = [
                (await http.put("/alerts/subscriptions",
                                json={"address": f"mailto:p{n}@example.org", "collection": "C"})).status_code
                for n in range(8)
            ]  # fmt: skip
            assert codes == [201] * 5 + [429] * 3
            await found.later(0)
            assert len(sink.mails) == 5
            found.now_s += 4 * DAY_S
            wish = {"address": "mailto:new@example.org", "collection": "C"}
            assert (await http.put("/alerts/subscriptions", json=wish)).status_code == 201, (
                "those are forgotten"
            )


async def test_a_subscription_ends(tmp_path: Path) -> None:
    with mail_sink() as sink:
        async with site(tmp_path, smtp_url=sink.url) as found, found.http() as http:
            id_ = await subscribed(found, sink, collection="CMIP6")
            [shown] = (await http.get("/alerts/subscriptions")).json()["subscriptions"]
            assert (shown["id"], shown["address"], shown["confirmed"]) == (
                id_,
                "mailto:a...@example.org",
                True,
            )
            await found.told("anomaly", "rejected")
            assert (await http.delete(f"/alerts/subscriptions/{id_}")).status_code == 200
            assert (await http.delete(f"/alerts/subscriptions/{id_}")).status_code == 404
            sink.mails.clear()
            await found.later(2 * DAY_S)
            assert sink.mails == []


@dataclass
class Token:
    """An authenticator that believes a header."""

    async def identify(self, headers: Any) -> Identity:
        return Identity(Requester(sub=headers["x-sub"]))


async def test_who_is_known_sees_and_ends_only_their_own(tmp_path: Path) -> None:
    async with site(tmp_path, smtp_url="smtp://127.0.0.1:1") as found, found.http(Token()) as http:
        ann, bob = {"x-sub": "ann"}, {"x-sub": "bob"}
        wish = {"address": "mailto:ann@example.org", "identity": "ann"}
        assert (await http.put("/alerts/subscriptions", json=wish, headers=bob)).status_code == 403
        id_ = (await http.put("/alerts/subscriptions", json=wish, headers=ann)).json()["id"]
        assert (await http.get("/alerts/subscriptions", headers=bob)).json()["subscriptions"] == []
        assert (await http.delete(f"/alerts/subscriptions/{id_}", headers=bob)).status_code == 404
        assert len((await http.get("/alerts/subscriptions", headers=ann)).json()["subscriptions"]) == 1
        assert (await http.delete(f"/alerts/subscriptions/{id_}", headers=ann)).status_code == 200


async def test_foreign_and_broken_messages_do_not_stop_the_follower(tmp_path: Path) -> None:
    async with hook_sink() as hook, site(tmp_path, alerts=(hook.url,)) as found:
        log = found.parts[0]
        await log.append([Message(TOPICS.errors, "k", value) for value in (b"", b"{}", b"\xff", b"[1]")])
        await found.told("anomaly")
        await found.later(30)
        assert hook.bodies[0]["groups"][0]["count"] == 1
        assert await log.end(TOPICS.dead_letters) == [0], "the handles' follower writes these"


async def test_old_outcomes_are_not_news(tmp_path: Path) -> None:
    async with hook_sink() as hook, site(tmp_path, alerts=(hook.url,)) as found:
        found.now_s = T0 + 10 * DAY_S
        await found.told("anomaly", count=10)
        await found.later(30)
        assert hook.paths == []


async def test_a_chat_service_through_apprise(tmp_path: Path) -> None:
    async with hook_sink() as hook:
        url = f"apprise:json://127.0.0.1:{hook.port}/chat"
        async with site(tmp_path, alerts=(url,)) as found:
            hook.status = 500
            await found.told("anomaly", count=20)
            await found.later(30)
            assert (hook.paths, hook.bodies) == (["/chat"], [])
            hook.status = 200
            await found.later(90)
            [body] = hook.bodies
            assert body["title"] == "[stacfed north] 20 anomalies in CMIP6"
            assert "stacfed act retract CMIP6/i1" in body["message"]


async def test_certificates_are_verified(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem",
            "-out", "cert.pem"]  # fmt: skip
    subprocess.run([openssl, *make], cwd=tmp_path, check=True, capture_output=True, timeout=60)  # noqa: ASYNC221
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with hook_sink(server) as hook:
        destination = Webhook(hook.url.replace("http:", "https:"))
        with pytest.raises(DeliveryFailed, match="certificate verify failed"):
            await destination.send(trial("north", "k"))
        assert hook.paths == []
        trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        async with (
            aiohttp.ClientSession() as http,
            http.post(destination.url, json={}, ssl=trusting) as answer,
        ):
            assert answer.status == 200, "it is the certificate alone that was in the way"


async def test_an_alarm_of_this_process_is_told_once(tmp_path: Path) -> None:
    async with hook_sink() as hook, site(tmp_path, alerts=(hook.url,)) as found:
        found.alarms["parked index k"] = Notice(
            "parked", "", "", "", "", "north", "", "", "2026-06-01T00:00:00Z", "index", "k: ValueError: x",
            command="stacfed parked --retry",
        )  # fmt: skip
        for _ in range(10):
            await found.later(10)
        assert [body["subject"] for body in hook.bodies] == ["[stacfed north] 1 parked dataset"]
        assert "$ stacfed parked --retry" in hook.bodies[0]["text"]


async def test_trays_are_in_no_list_of_requests(tmp_path: Path) -> None:
    async with site(tmp_path) as found:
        await found.told("anomaly")
        for kind in (REQUESTS, NOTICES):
            assert (await found.parts[1].search(Query(kind))).matched == 0
