"""Settings of the Python runtime for a process that serves."""

from __future__ import annotations

import gc
import sys

# Threads hand results to the event loop all the time; Python's turn of 5 ms would be most of an answer's time.
SWITCH_INTERVAL_S = 0.0005
# A batch of events is many thousand containers that live for one round; collecting in its midst finds nothing.
GC_THRESHOLDS = (100_000, 10, 10)


def tune() -> None:
    """To be called once everything is imported."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
