"""The guide of the demonstration: sends requests as any client would, shows their ends and what the catalogue holds
after each step, and compares all of it with what was to be expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from federation.client import FINAL, Answer, Client, Json, part
from federation.words import outcome_lines, problem_text

BODY_CHARS_MAX = 150
WAIT_S = 10.0
JSON, JSON_PATCH = "application/json", "application/json-patch+json"
STATE_OF = {410: "withdrawn", 404: "not found"}


@dataclass(frozen=True, slots=True)
class Row:
    """A record as a reader sees it. `copies`: the nodes that hold the data, the primary one first."""

    state: str
    latest: bool = False
    copies: tuple[str, ...] = ()


@dataclass
class Tour:
    """`expected` is what every node must show now; whatever else is met goes to `surprises`."""

    nodes: Mapping[str, Client]
    say: Callable[[RenderableType], None]
    expected: dict[str, Row] = field(default_factory=dict)  # by path
    surprises: list[str] = field(default_factory=list)
    requests: int = 0

    def write(
        self, node: str, method: str, path: str, body: Any, kind: str = JSON, *, said: str = "indexed"
    ) -> None:
        """A write that must settle, every node saying `said` of it."""
        answer = self._send(node, method, path, body, kind)
        if answer.status != 202:
            self.surprise(f"{method} {path} was answered {answer.status}, not 202")
            self._tell(problem_text(answer.body))
            return
        found = self.nodes[node].wait(answer.body["id"], WAIT_S)
        self._tell(f"  {answer.status} handle {found['id']}: {found['state']}  {_ends(found)}")
        wrong = found["state"] != "settled" or found.get("failures")
        if wrong or any(outcome["outcome"] != said for outcome in found.get("outcomes", ())):
            self.surprise(f"{method} {path} was to be {said} everywhere: {_ends(found)}")

    def refused(
        self, node: str, method: str, path: str, body: Any, kind: str, status: int, problem: str
    ) -> None:
        """A write that the door must refuse with this problem, so that nothing changes."""
        answer = self._send(node, method, path, body, kind)
        self._tell(f"  {answer.status} {problem_text(answer.body)}")
        got = str(answer.body.get("type", "")).rpartition("/")[2]
        if (answer.status, got) != (status, problem):
            self.surprise(f"{method} {path} was answered {answer.status} {got}, not {status} {problem}")

    def finds(self, property_: str, value: Any, count: int) -> None:
        """A search that must find so many records at every node."""
        body = {"filter": {"op": "=", "args": [{"property": property_}, value]}}
        for name, client in self.nodes.items():
            found = client.send("POST", "/search", orjson.dumps(body)).good()["numberMatched"]
            self._tell(f"a search at {name} for {property_} = {orjson.dumps(value).decode()} finds {found}")
            if found != count:
                self.surprise(f"the search at {name} found {found}, not {count}")

    def shows(self, path: str, property_: str, value: Any) -> None:
        """A property that must have this value at every node."""
        for name, client in self.nodes.items():
            found = client.get(path).good()["properties"].get(property_)
            self._tell(f"{name} shows {property_} = {orjson.dumps(found).decode()}")
            if found != value:
                self.surprise(f"{name} shows {property_} = {found!r}, not {value!r}")

    def view(self) -> None:
        """Show every record as both nodes do, and compare it with what is expected."""
        if not self.expected:
            self._tell("the catalogue holds no record yet")
            return
        table = Table(
            "record",
            "state",
            "latest",
            "copies at",
            "shown by",
            box=None,
            pad_edge=False,
            padding=(0, 2, 0, 0),
        )
        for path, expected in self.expected.items():
            shown: dict[Row, list[str]] = {}
            for name, client in self.nodes.items():
                row = _row(client.get(path, retracted="include"))
                shown.setdefault(row, []).append(name)
                if row != expected:
                    self.surprise(f"{name} shows {path} as {row}, not {expected}")
            for row, names in shown.items():
                cells = (row.state, "yes" if row.latest else "", ", ".join(row.copies), ", ".join(names))
                table.add_row(short(path), *cells)
        self.say(table)

    def digests(self) -> None:
        """The digests of all nodes, which must be equal."""
        found = {name: client.get("/digest").good() for name, client in self.nodes.items()}
        for name, digest in found.items():
            for collection, known in digest["collections"].items():
                self._tell(f"{name}  {collection:<7} {known['count']:>2} records  {known['digest']}")
        first, *others = ({**digest, "node": None} for digest in found.values())
        if any(other != first for other in others):
            self.surprise("the digests of the nodes differ")

    def surprise(self, what: str) -> None:
        """Note what was not as expected."""
        self.surprises.append(what)
        self.say(Text(f"NOT AS EXPECTED: {what}", style="bold red"))

    def _send(self, node: str, method: str, path: str, body: Any, kind: str) -> Answer:
        self.requests += 1
        text = orjson.dumps(body)
        self._tell(f"{method} {self.nodes[node].url}{path}")
        if len(text) <= BODY_CHARS_MAX and text != b"{}":
            self._tell(f"  {text.decode()}")
        return self.nodes[node].send(method, path, text, kind)

    def _tell(self, line: str) -> None:
        self.say(Text(line))


def item_path(collection: str, item_id: str) -> str:
    """The path of an Item."""
    return f"/collections/{part(collection)}/items/{part(item_id)}"


def short(path: str) -> str:
    """A name for a row: of a climate record its model, variable and version."""
    item = path.rpartition("/")[2]
    parts = item.split(".")
    return " ".join((parts[3], parts[7], parts[9])) if len(parts) == 10 else item


def _row(answer: Answer) -> Row:
    if answer.status != 200:
        return Row(STATE_OF.get(answer.status, str(answer.status)))
    properties = answer.body["properties"]
    copies: dict[str, None] = {}
    for asset in answer.body["assets"].values():
        copies |= dict.fromkeys([asset["alternate:name"], *asset.get("alternate", {})])
    return Row("retracted" if properties["retracted"] else "active", properties["latest"], tuple(copies))


def _ends(found: Json) -> str:
    if "children" in found:
        children = found["children"]
        return ", ".join(
            f"{children[name]} of {children['of']} {name}" for name in sorted(FINAL) if children.get(name)
        )
    return "   ".join(outcome_lines(found.get("outcomes") or []))
