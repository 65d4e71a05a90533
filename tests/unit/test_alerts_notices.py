"""Notices and messages: what they say, and that nobody's words can do anything in them."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.grouping import Limits, Tray, Wish, pack, take_in
from alerts.mail import Mail, MailServer
from alerts.notices import Notice, notice_of, printable
from alerts.wording import message_of
from stream.errors import Finding, Problem
from stream.events import Parent, Requester
from stream.outcomes import Outcome, decode_outcome, encode_outcome

TIME = "2026-06-01T00:00:00.000000Z"
FINDINGS = tuple(
    Finding(
        "facet", f"/properties/cmip6:{name}", f"`{name}` is not a term.", vocabulary="CMIP6 6.2.58.73",
    )
    for name in ("source_id", "grid", "table", "activity")
)  # fmt: skip
PROBLEM = Problem("stac-validation", "CMIP6/a fails its checks", FINDINGS).to_json(":1")


def outcome(kind: str = "anomaly", item: str = "a", problem: Any = PROBLEM, **told: Any) -> Outcome:
    return Outcome(
        "e1", "north", "index", kind, 0, 7, TIME, "CMIP6", item, problem=problem,
        requester=Requester("client", "iss", "ann"), **told,
    )  # fmt: skip


def noticed(found: Outcome) -> Notice:
    notice = notice_of(decode_outcome(encode_outcome("t", found, None).value))
    assert notice is not None
    return notice


def text_of(notice: Notice) -> str:
    tray = Tray()
    take_in(tray, notice, Wish(), 1_000, Limits(gather_s=0))
    assert pack(tray, Wish(), 1_000, Limits(gather_s=0))
    return message_of(tray.outbox[0], "d1", "north").text


def test_an_anomaly_names_record_findings_vocabulary_and_the_way_back() -> None:
    notice = notice_of(outcome())
    assert notice is not None
    assert (notice.urgent, notice.sub, notice.client_id, notice.check) == (True, "ann", "client", "facet")
    text = text_of(notice)
    for words in (
        "1 anomaly in CMIP6, check facet", "CMIP6/a fails its checks", "/properties/cmip6:source_id",
        "and 1 more findings", "vocabulary: CMIP6 6.2.58.73", "request e1, sent by ann, found by north",
        "$ stacfed act retract CMIP6/a --reason '...'",
    ):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("kind", ["not-wanted", "transferring", "stored", "removed"])
def test_nobody_is_told_of_what_goes_well_elsewhere(kind: str) -> None:
    assert notice_of(outcome(kind)) is None


@pytest.mark.parametrize("kind", ["indexed", "unchanged", "rejected"])
def test_ends_are_not_urgent(kind: str) -> None:
    assert not noticed(outcome(kind, problem=None)).urgent


def test_each_request_begins_once() -> None:
    events = [outcome("indexed", parent=Parent("p", index, 3)) for index in range(3)]
    assert [noticed(event).begins for event in events] == [True, False, False]
    assert [noticed(outcome(kind)).begins for kind in ("anomaly", "rejected")] == [False, True]


@pytest.mark.parametrize("problem", [
    None, 7, [], {"findings": 1}, {"findings": [1, None, {}]}, {"type": 3, "detail": {"a": 1}},
    {"findings": [{"check": 1, "pointer": [], "vocabulary": {"x": 1}, "message": None}]},
])  # fmt: skip
def test_any_problem_on_the_topic_makes_a_notice(problem: Any) -> None:
    assert text_of(noticed(outcome(problem=problem)))


@given(item=st.text(max_size=50))
def test_ids_cannot_leave_their_place(item: str) -> None:
    notice = notice_of(outcome(item=item))
    assert notice is not None
    text = text_of(notice)
    [command] = [line.removeprefix("    $ ") for line in text.splitlines() if line.startswith("    $ ")]
    words = shlex.split(command)
    assert words[:2] in (["stacfed", "act"], ["stacfed", "request"])
    if words[1] == "act":
        assert words[3] in (f"CMIP6/{item}", "COLLECTION/ITEM")
    assert all(line.isprintable() for line in text.splitlines())


def test_long_words_are_cut() -> None:
    assert printable("x" * 500, 20) == "x" * 17 + "..."
    assert printable("a\r\nb\x1b\u202e", 20) == "a??b??"


def test_no_header_can_be_added_to_a_mail() -> None:
    found = outcome(problem={"detail": "x\r\nBcc: all@example.org"})
    object.__setattr__(found, "collection", "C\r\nBcc: all@example.org\r\n\r\nbody")
    notice = notice_of(found)
    assert notice is not None
    tray = Tray()
    take_in(tray, notice, Wish(), 1_000, Limits(gather_s=0))
    pack(tray, Wish(), 1_000, Limits(gather_s=0))
    message = message_of(tray.outbox[0], "d1", "north")
    mail = Mail("ops@example.org", "stacfed@example.org", MailServer("h", 25, "none")).compose(message)
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert mail["Subject"].startswith("[stacfed north] 1 anomaly in C??Bcc: all@example.org")
