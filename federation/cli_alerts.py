"""`stacfed alerts`: try the destinations of a node, and have notices sent to an address."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from federation.failed import BAD_INPUT, DONE, NOT_DONE, Failed

if TYPE_CHECKING:
    from alerts.make import Options
    from federation.client import Client

UNITS_S = {"h": 3600, "d": 86_400}
PERIOD = re.compile(r"([0-9]{1,4})([hd])")
app = typer.Typer(
    help="Notices to operators and publishers: try the destinations, register an address.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def test() -> None:
    """Send a test message to every destination of this node's settings. Exits 1 when one did not take it."""
    import asyncio

    from federation.alerting import alert_options
    from federation.cli_operate import loaded

    options = alert_options(loaded())
    sys.exit(DONE if asyncio.run(_tested(options)) else NOT_DONE)


@app.command()
def subscribe(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="mailto:NAME@HOST, a plain mail address, or https://...")],
    collection: Annotated[str | None, typer.Option(help="Notices about this collection.")] = None,
    identity: Annotated[
        str | None, typer.Option(help="Notices about what this publisher or client has sent.")
    ] = None,
    period: Annotated[str, typer.Option(help="One digest in so many hours or days: 12h, 1d.")] = "1d",
    urgent: Annotated[bool, typer.Option("--urgent/--no-urgent", help="Send what is urgent at once.")] = True,
) -> None:
    """Have refusals and ends of requests sent to an address, once it has confirmed."""
    import orjson

    if (collection is None) == (identity is None):
        raise Failed("name one of --collection and --identity", BAD_INPUT)
    about = {"collection": collection} if collection is not None else {"identity": identity}
    full = address if ":" in address else f"mailto:{address}"
    wish = {"address": full, "period_s": _period_s(period), "urgent": urgent, **about}
    with _client(context) as client:
        found = client.send("PUT", "/alerts/subscriptions", orjson.dumps(wish)).good()
    print(_line(found))
    if not found["confirmed"]:
        print("a token was sent to the address; then: stacfed alerts confirm TOKEN", file=sys.stderr)


@app.command()
def confirm(
    context: typer.Context,
    token: Annotated[str, typer.Argument(help="As it was sent to the address.")],
) -> None:
    """Confirm an address."""
    import orjson

    with _client(context) as client:
        found = client.send("POST", "/alerts/confirmations", orjson.dumps({"token": token})).good()
    print(_line(found))


@app.command("list")
def list_(context: typer.Context) -> None:
    """List the subscriptions."""
    with _client(context) as client:
        for found in client.get("/alerts/subscriptions").good()["subscriptions"]:
            print(_line(found))


@app.command()
def unsubscribe(
    context: typer.Context,
    subscription: Annotated[str, typer.Argument(metavar="ID", help="As the list names it.")],
) -> None:
    """End a subscription. Exits 1 when there is none of that id."""
    from federation.client import part

    with _client(context) as client:
        client.send("DELETE", f"/alerts/subscriptions/{part(subscription)}", b"").good()
    print(f"ended  {subscription}")


async def _tested(options: Options) -> bool:
    """Whether every destination took its message."""
    import secrets

    from alerts.delivery import DeliveryFailed
    from alerts.wording import trial

    try:
        destinations = options.destinations()
    except ValueError as error:
        raise Failed(f"STACFED_ALERTS: {error}", BAD_INPUT) from error
    well = True
    for destination in destinations.values():
        try:
            await destination.send(trial(options.node, f"test-{secrets.token_hex(8)}"))
        except DeliveryFailed as failed:
            print(f"failed   {destination.name}: {failed}")
            well = False
        else:
            print(f"sent     {destination.name}")
    return well


def _line(found: dict[str, Any]) -> str:
    about = f"collection {found['collection']}" if found["collection"] else f"identity {found['identity']}"
    state = "confirmed" if found["confirmed"] else "unconfirmed"
    urgent = ", urgent at once" if found["urgent"] else ""
    return f"{found['id']}  {state}  {found['address']}  {about}  every {_period(found['period_s'])}{urgent}"


def _period_s(text: str) -> int:
    found = PERIOD.fullmatch(text)
    if found is None:
        raise Failed(f"{text!r} is no period; write 12h or 1d", BAD_INPUT)
    return int(found[1]) * UNITS_S[found[2]]


def _period(seconds: int) -> str:
    unit = next((unit for unit in ("d", "h") if seconds % UNITS_S[unit] == 0), None)
    return f"{seconds // UNITS_S[unit]}{unit}" if unit else f"{seconds} s"


def _client(context: typer.Context) -> Client:
    from federation.client import Client

    return Client(context.obj)
