"""The only clock of the product; everything that needs the time is given one of these."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from stream.events import format_time


def now() -> str:
    """The time as events carry it."""
    return format_time(datetime.now(UTC))


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
