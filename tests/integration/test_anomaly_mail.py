"""From an event whose door lied to the operator's mail, through a whole node: log, re-check, handle, alert, command."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alerts.grouping import Limits
from alerts.make import Options
from alerts.sender import Sender
from federation import alerting
from federation.settings import Settings
from stream.events import encode
from stream.log import Message
from tests.support import cmip6
from tests.support.http import collection, running, settings, until
from tests.support.sinks import mail_sink

ITEM = cmip6.item(cmip6.sample_ids(1)[0])
LIE = "e" * 32


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alerts gather for no time at all."""
    plain = alerting.alert_options

    def hasty(chosen: Settings) -> Options:
        return replace(plain(chosen), limits=Limits(gather_s=0))

    monkeypatch.setattr("federation.roles.alert_options", hasty)
    monkeypatch.setattr("alerts.make.Sender", partial(Sender, look_s=0.05))


async def test_the_operator_is_told_with_the_command_that_takes_the_record_back(tmp_path: Path) -> None:
    with mail_sink() as sink:
        told: dict[str, Any] = {
            "alerts": ("log:", "mailto:ops@example.org"),
            "smtp_url": sink.url,
            "mail_from": "n1@example.org",
        }
        async with running(settings(tmp_path, **told)) as node:
            await node.settled("POST", "/collections", json=collection("CMIP6"))
            await node.settled("POST", "/collections/CMIP6/items", json=ITEM)
            [event] = [event for event in await node.events() if event.item_id == ITEM["id"]]
            second = cmip6.second_version(ITEM)
            second["properties"]["start_datetime"] = "2999-01-01T00:00:00Z"
            rules = node.node.book.profile_of("CMIP6").rules(second["id"])
            lie = replace(event, id=LIE, item=second, item_id=second["id"], digest=None, rules=rules)
            await node.node.log.append([Message(node.topics.transactions, lie.key, encode(lie))])

            async def mailed() -> bool:
                await asyncio.sleep(0.02)
                return bool(sink.mails)

            await until(mailed)
            handle = (await node.http.get(f"/requests/{LIE}")).json()
            assert [outcome["outcome"] for outcome in handle["outcomes"]] == ["indexed", "anomaly"]
            # The command of the mail is one that works.
            text = _text(sink.mails[0])
            command = f"stacfed act retract CMIP6/{second['id']}"
            assert command in text
            assert "start_datetime" in text
            await node.settled("POST", f"/collections/CMIP6/items/{second['id']}/actions/retract", json={})
    assert sink.mails[0]["To"] == "ops@example.org"
    assert len(sink.mails) == 1


def _text(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body is not None
    return str(body.get_content()).replace("\n", " ")
