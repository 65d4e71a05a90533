"""`make bench`: measure, and print goal, median and spread. Nothing is asserted here."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time

from federation.runtime import tune
from tests.bench import engines, fold, http, search, validation
from tests.bench.report import RUNS, Figure, repeated, table

MEASURES = {
    "checks": validation.measure_checks,
    "vocabulary": validation.measure_vocabulary,
    "decide": fold.measure_decide,
    "index": fold.measure_index,
    "start": http.measure_start,
    "singles": http.measure_singles,
    "features": http.measure_features,
    "latency": http.measure_latency,
    "door": engines.measure_door,
    "elastic": engines.measure_index,
    "engines-latency": engines.measure_latency,
    "engines-start": engines.measure_start,
    "memory": engines.measure_memory,
    "search": search.measure_search,
    "elastic-search": search.measure_search_elastic,
    "million": search.measure_million,
}
ONCE = {"memory", "million"}  # take minutes
# name: (what is measured, unit, goal)
FIGURES = (
    {
        "check": ("P2 full validation of a CMIP6 item", "us", "<= 100"),
        "check_again": ("... of one that was checked a moment before", "us", "-"),
        "check_json": ("... reading its JSON, which is not part of that", "us", "-"),
        "check_bytes": ("... the item", "bytes", "-"),
        "decode": ("an event decoded, 4 KB", "us", "-"),
        "decide": ("P3 an event decided", "us", "<= 50"),
        "index": ("P4 index node into SQLite", "events/s", ">= 5,000"),
        "ready": ("P10 start to ready", "s", "<= 3"),
        "rss": ("P10 idle memory", "MiB", "<= 150"),
        "cpu": ("P10 idle processor", "% of a core", "<= 1"),
        "singles": (f"single POSTs, {http.CLIENTS} clients, index node following", "requests/s", "-"),
        "singles_p99": ("... p99 of their answers", "ms", "-"),
        "singles_bare": ("... a bare app that only parses and appends", "requests/s", "-"),
        "singles_ratio": ("... ours to the bare app's", "%", "-"),
        "features": (f"FeatureCollections of {http.FEATURES}, accepted and indexed", "items/s", ">= 5,000"),
        "settled_p50": ("P5 POST to settled handle, p50", "ms", "<= 50"),
        "searchable_p50": (f"P5 POST to searchable at {http.PER_SECOND}/s, p50", "ms", "<= 300"),
        "searchable_p99": ("... p99", "ms", "<= 2,000"),
        "door": (f"P1 single POSTs, {engines.CLIENTS} clients, Kafka, no follower", "requests/s", "-"),
        "door_p99": ("... p99 of their answers", "ms", "<= 50"),
        "door_bare": ("... a bare app that only parses and appends", "requests/s", "-"),
        "door_ratio": ("... ours to the bare app's", "%", ">= 60"),
        "elastic": ("P4 index node from Kafka into Elasticsearch", "events/s", "-"),
        "elastic_bare": ("... a bare loader that writes the same documents", "items/s", "-"),
        "elastic_ratio": ("... ours to the bare loader's", "%", ">= 90"),
        "elastic_two": ("... two workers to one", "%", "-"),
        "engines_settled_p50": ("P5 POST to settled handle on Kafka and Elasticsearch, p50", "ms", "<= 150"),
        "engines_searchable_p50": (
            f"P5 POST to searchable there at {http.PER_SECOND}/s, refresh 250 ms, p50",
            "ms",
            "<= 300",
        ),
        "engines_searchable_p99": ("... p99", "ms", "<= 2,000"),
    }
    | {
        f"{name}_{part}": (f"{said}: {what}", unit, "-")
        for name, said in (
            ("flat", "CMIP6, flat"),
            ("newer", "CMIP6, newer layout"),
            ("cmip7", "CMIP7 1.2.16"),
        )
        for part, what, unit in (("load", "loaded", "ms"), ("mib", "memory that it holds", "MiB"))
    }
    | {f"check_{name}": (f"... {name}", "us", "-") for name in validation.STEPS}
    | {
        name: figure
        for role in ("transaction-api", "index-node", "discovery-api")
        for name, figure in (
            (f"ready_{role}", (f"start of {role} to ready, Kafka and Elasticsearch", "s", "-")),
            (f"rss_{role}", ("... idle memory", "MiB", "-")),
        )
    }
    | search.FIGURES
    | {
        f"memory_{count}": (f"memory of an index worker after {count:,} events", "MiB", "flat")
        for count in range(engines.MEMORY_STEP, engines.MEMORY_EVENTS + 1, engines.MEMORY_STEP)
    }
)


async def main(names: list[str], runs: int) -> None:
    """Measure what is named, or everything."""
    tune()
    figures = []
    for name in names or MEASURES:
        start = time.perf_counter()
        values = await repeated(MEASURES[name], 1 if name in ONCE else runs)
        figures += [Figure(*_named(figure), values=found) for figure, found in values.items()]
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}\n")
    print(table(figures))


def _named(name: str) -> tuple[str, str, str]:
    return FIGURES[name]


if __name__ == "__main__":
    asking = argparse.ArgumentParser(description="Measure, and print goal, median and spread.")
    asking.add_argument("names", nargs="*", choices=[*MEASURES, []], metavar="NAME", help=", ".join(MEASURES))
    asking.add_argument("--runs", type=int, default=RUNS)
    told = asking.parse_args()
    try:
        asyncio.run(main(told.names, told.runs))
    finally:
        engines.stop_servers()
