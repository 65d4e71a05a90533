"""Who asks, and what they may do: the two questions of every write, and the place where answers plug in.

Without tokens configured the door is open: everybody is `anonymous` and may do everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from catalogue.lifecycle import Right
from stream.errors import Refused
from stream.events import Requester


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `policy_id` names the rule set that let them in."""

    requester: Requester
    policy_id: str | None = None


class Authenticator(Protocol):
    """From the headers of a request to an identity."""

    async def identify(self, headers: Mapping[str, str]) -> Identity:
        """Refused (401) when the headers prove nobody."""


class Policy(Protocol):
    """What an identity may do. Pure: it decides from its arguments alone."""

    def allows(self, identity: Identity, right: Right, collection: str, node: str | None) -> bool:
        """Whether the identity has the right in this collection, on locations of this node where one is named."""


class OpenDoor:
    """No tokens: for one person's machine and for tests."""

    async def identify(self, headers: Mapping[str, str]) -> Identity:
        return Identity(Requester())

    def allows(self, identity: Identity, right: Right, collection: str, node: str | None) -> bool:
        return True


def require(
    policy: Policy, identity: Identity, right: Right, collection: str, node: str | None = None
) -> None:
    """Refused (403) unless the policy allows it."""
    if not policy.allows(identity, right, collection, node):
        about = f" for locations of {node}" if node else ""
        raise Refused(
            "missing-permission", f"{identity.requester.sub} lacks the right {right} in {collection}{about}"
        )
