"""The client commands of `stacfed`: each speaks to one node over HTTP, as anybody could."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalogue.lifecycle import ACTIONS, WISHES
from federation.failed import BAD_INPUT, DONE, NOT_DONE, NOT_YET, Failed

if TYPE_CHECKING:
    from federation.client import Client

ENDS = {"settled": DONE, "accepted": NOT_YET}
# What an action takes (see the table in catalogue.lifecycle) and the option that gives it.
OPTION_OF = {
    "reason": "--reason",
    "wish": "--wish",
    "fields": "--field",
    "node": "--node",
    "locations": "--location",
    "assets": "--asset",
    "revision": "--revision",
    "drop": "--drop",
    "item": "--item",
    "patch": "--patch",
}


def _for(member: str, text: str) -> str:
    """The help of an option of `act`, with the actions that take it."""
    takers = [action.name for action in ACTIONS.values() if member in action.takes]
    return f"{text} ({', '.join(takers)})"


def _action(name: str) -> str:
    if name not in ACTIONS:
        near = difflib.get_close_matches(name, ACTIONS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"{name} is none of {', '.join(ACTIONS)}{hint}")
    return name


def _wish(name: str | None) -> str | None:
    if name is not None and name not in WISHES:
        raise typer.BadParameter(f"{name} is none of {', '.join(WISHES)}")
    return name


ACTION_HELP = "\n\n\b\n" + "\n".join(f"{action.name:<15}{action.summary}" for action in ACTIONS.values())


def publish(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Items, FeatureCollections, or one of these a line; - is standard input."
        ),
    ],
    collection: Annotated[
        str | None, typer.Option(help="Where to publish; without it, the collection that each item names.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would happen: new, new version, exists, refused.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not wait for the ends; print the handles.")
    ] = False,
) -> None:
    """Publish items and wait until every node has them. Exits 0 when all settled, 1 when some did not."""
    from federation.cli_publish import publish_files

    with _client(context) as client:
        sys.exit(publish_files(client, files, collection, check=check, wait=not no_wait))


def request(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(metavar="ID", help="The handle that a 202 named.")],
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the end.")] = 0,
) -> None:
    """Show what became of a request. Exits 0 settled, 1 rejected, attention or lost, 3 still accepted."""
    from federation.client import Refusal
    from federation.words import handle_text

    own = handle.rstrip("/").rpartition("/")[2]  # people paste the whole address
    if not own:
        raise Failed("name a handle, as in: stacfed request 001a1f...", BAD_INPUT)
    with _client(context) as client:
        try:
            found = client.wait(own, wait)
        except Refusal as refusal:
            raise Failed(str(refusal), BAD_INPUT) from refusal
    print(handle_text(found))
    sys.exit(ENDS.get(found["state"], NOT_DONE))


def act(
    context: typer.Context,
    action: Annotated[str, typer.Argument(callback=_action, help=f"One of {', '.join(ACTIONS)}.")],
    record: Annotated[str, typer.Argument(metavar="COLLECTION/ITEM", help="The record.")],
    reason: Annotated[
        str | None, typer.Option(help="Why; readers of a retracted or withdrawn record see it.")
    ] = None,
    wish: Annotated[
        str | None,
        typer.Option(
            callback=_wish, help=_for("wish", f"What shall become of the data: {', '.join(WISHES)}")
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="POINTER", help=_for("fields", "A property to strip, e.g. /properties/title")),
    ] = None,
    node: Annotated[str | None, typer.Option(help=_for("node", "The node that it is about"))] = None,
    location: Annotated[
        list[str] | None,
        typer.Option(metavar="ASSET=HREF", help=_for("locations", "Where the node has a copy")),
    ] = None,
    asset: Annotated[
        list[str] | None,
        typer.Option(metavar="ASSET", help=_for("assets", "The copy of this asset; without it, all")),
    ] = None,
    revision: Annotated[
        int | None, typer.Option(min=1, help=_for("revision", "The revision that was copied"))
    ] = None,
    drop: Annotated[
        bool, typer.Option("--drop", help=_for("drop", "The former primary copy is gone"))
    ] = False,
    item: Annotated[
        str | None, typer.Option(metavar="FILE", help=_for("item", "The Item; - is standard input"))
    ] = None,
    patch: Annotated[
        str | None,
        typer.Option(metavar="FILE", help=_for("patch", "A JSON Patch or merge patch; - is standard input")),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the end.")] = 60,
) -> None:
    """Act on one record and wait for the end. Exits 1 when there is no such record or it is refused."""
    from federation.cli_act import act_on, body_of

    locations = [_location(text) for text in location or []]
    given = {
        "reason": reason, "wish": wish, "fields": field, "node": node, "locations": dict(locations),
        "assets": asset, "revision": revision, "drop": drop,
    }  # fmt: skip
    order = {name: value for name, value in given.items() if value}
    with _client(context) as client:
        found = act_on(client, action, *_record(record), body_of(order, item, patch), wait)
    sys.exit(ENDS.get(found, NOT_DONE))


act.__doc__ = (act.__doc__ or "") + ACTION_HELP


def digest(
    context: typer.Context,
    urls: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL]...", help="The nodes; without one, that of --url.", show_default=False),
    ] = None,
) -> None:
    """Print the digest of a node's catalogue, or compare those of several. Exits 1 when they differ."""
    from federation.cli_digest import compare_all, show

    if urls is None or len(urls) < 2:
        with _client(context, *(urls or ())) as client:
            show(client)
    else:
        sys.exit(compare_all(urls))


def parked(
    context: typer.Context,
    retry: Annotated[bool, typer.Option("--retry", help="Try what is parked again.")] = False,
) -> None:
    """List the datasets that a node has set aside after a fault. Exits 1 when there are any."""
    with _client(context) as client:
        if retry:
            for key in client.send("POST", "/parked/retry", b"").good()["retried"]:
                print(f"tried again  {key}")
            return
        found = client.get("/parked").good()["parked"]
    for entry in found:
        place = f"{entry['topic']}/{entry['partition']}@{entry['offset']}"
        print(f"{entry['follower']}  {entry['key']}  {place}  {entry['reason']}")
    sys.exit(NOT_DONE if found else DONE)


def _client(context: typer.Context, url: str | None = None) -> Client:
    from federation.client import Client

    return Client(url or context.obj)


def _record(text: str) -> tuple[str, str]:
    collection, _, item = text.partition("/")
    if not collection or not item or "/" in item:
        raise Failed(f"{text!r} is no record; write COLLECTION/ITEM", BAD_INPUT)
    return collection, item


def _location(text: str) -> tuple[str, dict[str, Any]]:
    asset, _, href = text.partition("=")
    if not asset or not href:
        raise Failed(f"{text!r} is no location; write ASSET=HREF", BAD_INPUT)
    return asset, {"href": href}
