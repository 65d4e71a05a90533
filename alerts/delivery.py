"""How a delivery ends that has not succeeded, and how long it may take."""

from __future__ import annotations

SEND_DEADLINE_S = 30.0


class DeliveryFailed(Exception):
    """A destination did not take a message. `final`: it never will. The text has no secrets of its URL."""

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final
