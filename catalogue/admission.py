"""Which events the table of actions knows, and why one may not happen to a record in some state."""

from __future__ import annotations

from catalogue.lifecycle import ACTIONS, COLLECTION_ACTIONS, State, in_order
from stream.errors import Refused
from stream.events import Event, Undecodable


def check_action(event: Event) -> None:
    """Undecodable for a stamped event whose action no table knows or whose payload is of another kind."""
    if event.action not in ACTIONS:
        raise Undecodable(f"unknown action {event.action}", event.id)
    if event.about_collection and event.action not in COLLECTION_ACTIONS:
        raise Undecodable(f"{event.action} is not an action on a Collection", event.id)
    if (event.action in ("publish", "replace")) and event.item is None:
        raise Undecodable(f"{event.action} carries no item", event.id)


def wrong_state(event: Event, state: State) -> Refused:
    """Why an event may not happen to a record in this state."""
    what = "collection" if event.about_collection else "item"
    if event.action == "publish":
        why = "with other content" if state == State.ACTIVE else f"and is {state}"
        return Refused(f"{what}-already-exists", f"{event.item_id} exists {why}")
    if state in (State.ABSENT, State.PURGED):
        return Refused(f"{what}-does-not-exist", f"there is no {what} {event.item_id}")
    kind = "withdrawn" if state == State.WITHDRAWN else "wrong-state"
    return Refused(kind, f"{event.item_id} is {state}; {event.action} needs {_sources(event)}")


def _sources(event: Event) -> str:
    return " or ".join(in_order(ACTIONS[str(event.action)].sources))
