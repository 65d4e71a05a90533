"""The commands against nodes that run: what they say and how they exit."""

from __future__ import annotations

import http.server
import io
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from federation.cli import main
from federation.publish import ITEMS_MAX
from tests.support.cmip6 import data_keys, item, sample_ids, second_version
from tests.support.command import finished, running

COLLECTION = {
    "type": "Collection", "stac_version": "1.1.0", "id": "CMIP6", "description": "x", "license": "CC0-1.0", "links": [],
    "extent": {
        "spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["1850-01-01T00:00:00Z", None]]}
    },
}  # fmt: skip
IDS = sample_ids(20)
ABSENT, ELSEWHERE = sample_ids(3000)[-2:]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a node with the collection CMIP6."""
    with running(tmp_path_factory.mktemp("node"), "serve", "--port", "0") as started:
        create(started.url)
        yield started.url
        assert started.stop() == 0


@pytest.fixture
def stacfed(node: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Stacfed:
    monkeypatch.setenv("STACFED_URL", node)
    return Stacfed(capsys)


class Stacfed:
    """Calls the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        self.out, self.err = self.capsys.readouterr()
        return int(exit_.value.code or 0)


def create(url: str) -> None:
    answer = httpx.post(f"{url}/collections", json=COLLECTION, headers={"prefer": "wait=20"}, trust_env=False)
    assert answer.status_code in (201, 202), answer.text


def written(path: Path, *items: Json) -> Path:
    path.write_text("\n".join(map(json.dumps, items)))
    return path


def shown(url: str, item_id: str, **parameters: str) -> httpx.Response:
    return httpx.get(f"{url}/collections/CMIP6/items/{item_id}", params=parameters, trust_env=False)


# serve


def test_a_node_says_that_it_is_ready_logs_json_and_stops_cleanly(tmp_path: Path) -> None:
    with running(tmp_path, "serve", "--port", "0", node="north") as started:
        url = started.url
        ready = httpx.get(f"{url}/ready", trust_env=False)
        assert (ready.status_code, started.stop()) == (200, 0)
    [line] = started.out.read_text().splitlines()
    assert line == f"node north is ready at {url}, its data in stacfed-data"
    logged = [json.loads(line) for line in started.err.read_text().splitlines()]
    assert logged
    assert {each["node"] for each in logged} == {"north"}


def test_what_keeps_a_node_from_starting_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "log.db").write_text("no database at all" * 100)
    with running(tmp_path, "serve", "--port", "0", partitions="2") as started:
        port = started.url.rpartition(":")[2]
        cases: list[tuple[str, list[str], dict[str, str]]] = [
            ("Address already in use", ["--port", port], {"data_dir": "other"}),
            ("set STACFED_WORKER to another name", ["--port", "0"], {}),
            ("has 2 partitions, not 3", ["--port", "0"], {"worker": "b", "partitions": "3"}),
            ("it is not a folder", ["--port", "0"], {"data_dir": "out.txt"}),
            ("file is not a database", ["--port", "0"], {"data_dir": "garbage"}),
            ("cannot listen on 192.0.2.1:8080: ", ["--host", "192.0.2.1"], {}),
            ("did you mean STACFED_PORT?", [], {"prot": "1"}),
        ]
        with ThreadPoolExecutor(2) as threads:
            ended = threads.map(lambda case: finished(tmp_path, "serve", *case[1], **case[2]), cases)
            told = list(zip(cases, ended, strict=True))
    for (said, _, _), process in told:
        assert (process.returncode, process.stdout) == (2, ""), said
        [line] = process.stderr.splitlines()
        assert line.startswith("stacfed: ")
        assert said in line


def test_a_port_that_is_only_bound_is_in_use_too(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.listen()
        process = finished(tmp_path, "serve", "--port", str(port))
    assert (process.returncode, f"127.0.0.1:{port}" in process.stderr) == (2, True)


# publish


def test_publish_check_publish_check(stacfed: Stacfed, tmp_path: Path) -> None:
    first = item(IDS[0])
    file = written(tmp_path / "one.ndjson", first)
    assert (stacfed("publish", "--check", file), stacfed.out) == (
        0,
        f"new          {IDS[0]}\n1 item: 1 new\n",
    )
    assert (stacfed("publish", file), stacfed.out) == (0, "1 item: 1 settled\n")
    assert (stacfed("publish", file), stacfed.out) == (0, "1 item: 1 settled\n")
    both = written(tmp_path / "two.ndjson", first, second_version(first))
    assert stacfed("publish", "--check", both) == 0
    assert stacfed.out.splitlines() == [
        f"exists       {IDS[0]}", f"new version  {second_version(first)['id']}", "2 items: 1 exists, 1 new version",
    ]  # fmt: skip


def test_many_files_in_every_form_and_more_than_a_batch(stacfed: Stacfed, tmp_path: Path) -> None:
    many = [item(name) for name in sample_ids(ITEMS_MAX + 20)[20:]]
    lines = written(tmp_path / "lines.ndjson", *many[10:])
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps({"type": "FeatureCollection", "features": many[:9]}, indent=1))
    single = tmp_path / "single.json"
    single.write_text(json.dumps(many[9], indent=1))
    assert (stacfed("publish", lines, whole, single), stacfed.err) == (0, "")
    assert stacfed.out == f"{ITEMS_MAX} items: {ITEMS_MAX} settled\n"


def test_standard_input_and_a_collection_by_option(
    stacfed: Stacfed, node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    homeless = item(IDS[1])
    del homeless["collection"]
    for arguments, code in ((["publish", "-"], 2), (["publish", "--collection", "CMIP6", "-"], 0)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(homeless).encode())))
        assert stacfed(*arguments) == code
    assert shown(node, IDS[1]).status_code == 200


def test_bad_items_are_named_and_the_others_settle(stacfed: Stacfed, tmp_path: Path, node: str) -> None:
    first, good = item(IDS[2]), item(IDS[3])
    assert stacfed("publish", written(tmp_path / "first.ndjson", first)) == 0
    shapeless, other = item(IDS[4]) | {"geometry": {"type": "Point"}}, item(IDS[2])
    other["properties"]["cmip6:variable_long_name"] = "another"
    stranger = item(IDS[5]) | {"id": "stranger"}
    file = written(tmp_path / "all.ndjson", shapeless, other, stranger, good)
    for check in (["--check"], []):
        assert stacfed("publish", *check, file) == 1
        assert f"refused  {IDS[4]}  ({file}:1)" in stacfed.out or f"refused      {IDS[4]}" in stacfed.out
        assert "coordinates" in stacfed.out
        assert "stranger" in stacfed.out
        assert "exists with other content" in stacfed.out
    assert f"rejected  {IDS[2]}  The item already exists" in stacfed.out
    assert stacfed.out.splitlines()[-1] == "4 items: 2 refused, 1 rejected, 1 settled"
    assert shown(node, IDS[3]).status_code == 200
    assert shown(node, IDS[4]).status_code == 404


def test_an_unknown_collection_is_told_once(stacfed: Stacfed, tmp_path: Path) -> None:
    file = written(tmp_path / "x.ndjson", *(item(name) | {"collection": "CMIP5"} for name in IDS[:3]))
    assert stacfed("publish", file) == 1
    assert stacfed.out.splitlines() == [
        f"refused  {IDS[0]} and 2 more  The collection does not exist: there is no collection CMIP5; create it first",
        "3 items: 3 refused",
    ]


def test_a_fault_in_a_file_ends_the_work_after_what_was_sent(
    stacfed: Stacfed, tmp_path: Path, node: str
) -> None:
    many = [item(name) for name in sample_ids(2 * ITEMS_MAX)[ITEMS_MAX:]]
    file = written(tmp_path / "x.ndjson", *many, {"type": "Feature"})
    assert stacfed("publish", file) == 2
    assert (
        stacfed.err == f"stacfed: {file}:{ITEMS_MAX + 1}: names no collection; name one with --collection\n"
    )
    written(tmp_path / "x.ndjson", *many, many[0], {"type": "Feature"})
    assert stacfed("publish", file) == 2
    assert stacfed.out == f"{ITEMS_MAX} items: {ITEMS_MAX} settled\n"


# request


def test_request_shows_the_end(stacfed: Stacfed, tmp_path: Path, node: str) -> None:
    good, other = item(IDS[6]), item(IDS[6])
    other["properties"]["cmip6:variable_long_name"] = "another"
    for found, code, state in ((good, 0, "settled"), (other, 1, "rejected")):
        assert stacfed("publish", "--no-wait", written(tmp_path / "x.ndjson", found)) == 0
        handle = stacfed.out.split()[3]
        for spelling in (handle, f"{node}/requests/{handle}", f"{node}/requests/{handle}/"):
            assert stacfed("request", spelling, "--wait", "20") == code
            assert stacfed.out.startswith(f"{handle}  {state}  CMIP6: 1 items")


@pytest.mark.parametrize("handle", ["zzz", "0" * 32])
def test_request_of_nothing(stacfed: Stacfed, handle: str) -> None:
    assert stacfed("request", handle) == 2
    assert stacfed.err == (
        f"stacfed: The request does not exist: {handle} is not a handle that this federation has given\n"
    )


def test_a_request_that_waits_for_a_node_exits_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stacfed = Stacfed(capsys)
    with running(tmp_path, "serve", "--port", "0", node="north", expected_nodes="north,south") as started:
        monkeypatch.setenv("STACFED_URL", started.url)
        headers = {"prefer": "wait=1"}
        answer = httpx.post(f"{started.url}/collections", json=COLLECTION, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
        assert stacfed("request", answer.json()["id"]) == 3
        assert stacfed.out.splitlines()[1:] == ["  north  indexed", "  not yet heard from south"]
        assert (started.stop(), stacfed("digest")) == (0, 2)


# act


def test_actions_one_after_the_other(stacfed: Stacfed, tmp_path: Path, node: str) -> None:
    found = item(IDS[7])
    record = f"CMIP6/{found['id']}"
    assert stacfed("act", "publish", record, "--item", written(tmp_path / "i.json", found)) == 0
    assert stacfed.out.splitlines()[1:] == ["  local  indexed"]
    patch = [{"op": "add", "path": "/properties/note", "value": "hello"}]
    (tmp_path / "p.json").write_text(json.dumps(patch))
    assert stacfed("act", "correct", record, "--patch", tmp_path / "p.json") == 0
    assert shown(node, found["id"]).json()["properties"]["note"] == "hello"
    places = [f"--location={key}=https://south.example.org/{key}?a=b" for key in data_keys(found)]
    assert stacfed("act", "replica-add", record, "--node", "south", *places) == 0
    key = data_keys(found)[0]
    copy = shown(node, found["id"]).json()["assets"][key]["alternate"]["south"]
    assert copy["href"] == f"https://south.example.org/{key}?a=b"
    assert stacfed("act", "transfer", record, "--node", "south", "--drop") == 0
    assert shown(node, found["id"]).json()["assets"][key]["alternate:name"] == "south"
    assert stacfed("act", "deprecate", record) == 0
    assert shown(node, found["id"]).json()["properties"]["latest"] is False
    assert stacfed("act", "restore", record) == 0
    assert stacfed("act", "retract", record, "--reason", "clouds", "--wish", "remove") == 0
    assert shown(node, found["id"]).json()["properties"]["retraction_reason"] == "clouds"
    assert stacfed("act", "restore", record) == 0
    assert stacfed("act", "restore", record) == 0
    assert stacfed.out.splitlines()[1:] == ["  local  unchanged"]
    assert stacfed("act", "withdraw", record, "--field", "/properties/note", "--reason", "law") == 0
    assert shown(node, found["id"]).status_code == 410
    assert stacfed("act", "purge", record) == 0
    assert shown(node, found["id"]).status_code == 404


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["retract", f"CMIP6/{ABSENT}"], 1, "The item does not exist: there is no item"),
        (["retract", "CMIP5/x"], 1, "The collection does not exist"),
        (["retract", "CMIP6/nonsense"], 1, "does not fit"),
        (["retract", f"CMIP6/{ABSENT}", "--drop"], 1, "retract does not take drop"),
        (["transfer", f"CMIP6/{ABSENT}"], 1, "transfer needs node"),
        (["correct", f"CMIP6/{ABSENT}", "--patch", "none.json"], 2, "none.json: No such file or directory"),
    ],
)
def test_actions_that_are_refused(stacfed: Stacfed, arguments: list[str], code: int, said: str) -> None:
    assert stacfed("act", *arguments) == code
    assert said in stacfed.err
    assert stacfed.out == ""


def test_a_file_that_is_no_json_is_named(stacfed: Stacfed, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("[{]")
    assert stacfed("act", "correct", f"CMIP6/{IDS[0]}", "--patch", tmp_path / "p.json") == 2
    assert stacfed.err.startswith(f"stacfed: {tmp_path / 'p.json'}: ")


# digest, parked


def test_digests_of_two_nodes(stacfed: Stacfed, tmp_path: Path, node: str) -> None:
    assert stacfed("digest", node) == 0
    header, line = stacfed.out.splitlines()
    assert header == f"node local at {node}"
    assert line.split()[0] == "CMIP6"
    assert (stacfed("digest", node, node), stacfed.out) == (0, f"{node} equals {node}\n")
    with running(tmp_path, "serve", "--port", "0") as other:
        assert stacfed("digest", node, other.url) == 1
        assert stacfed.out.splitlines()[:2] == [f"{other.url} differs from {node}", "  collection CMIP6"]
        create(other.url)
        assert stacfed("--url", other.url, "publish", written(tmp_path / "x.ndjson", item(ELSEWHERE))) == 0
        assert stacfed("digest", node, other.url, node) == 1
        assert f"    CMIP6/{ELSEWHERE}" in stacfed.out or " records:" in stacfed.out
        assert stacfed.out.splitlines()[-1] == f"{node} equals {node}"


def test_parked_datasets_are_listed_and_tried_again(stacfed: Stacfed) -> None:
    assert (stacfed("parked"), stacfed.out) == (0, "")
    assert (stacfed("parked", "--retry"), stacfed.out) == (0, "")
    with parking() as url:
        assert stacfed("--url", url, "parked") == 1
        assert stacfed.out == "index  CMIP6/a  t.transactions/2@7  ValueError: broken\n"
        assert stacfed("--url", url, "parked", "--retry") == 0
        assert stacfed.out == "tried again  CMIP6/a\n"


class _Parking(http.server.BaseHTTPRequestHandler):
    """A node with one parked dataset."""

    def do_GET(self) -> None:
        entry = {
            "follower": "index",
            "key": "CMIP6/a",
            "topic": "t.transactions",
            "partition": 2,
            "offset": 7,
        }
        self._answer({"parked": [entry | {"reason": "ValueError: broken"}]})

    def do_POST(self) -> None:
        self._answer({"retried": ["CMIP6/a"]})

    def _answer(self, body: Json) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class parking:  # noqa: N801 - a context manager
    """The address of such a node."""

    def __enter__(self) -> str:
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Parking)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
