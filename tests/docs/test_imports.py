"""Every module of the shared core is held to purity in pyproject.toml, or named here as doing I/O."""

from __future__ import annotations

import tomllib

from tests.conftest import ROOT

MAY_DO_IO = {
    "stream.log",
    "stream.metrics",
    "stream.sqlite",
    "stream.sqlite_thread",
    "stream.topics",
    "stream.kafka",
    "stream.kafka_admin",
    "stream.kafka_client",
    "stream.kafka_consumer",
    "stream.kafka_group",
    "stream.kafka_options",
    "stream.kafka_producer",
    "stream.kafka_reader",
    "stream.kafka_watchdog",
    "stream.kafka_wire",
    "stream.consume",
    "catalogue.store",
    "catalogue.column_snapshot",
    "catalogue.sqlite",
    "catalogue.sqlite_schema",
    "catalogue.sqlite_search",
    "catalogue.sqlite_words",
    "catalogue.elastic",
    "catalogue.elastic_check",
    "catalogue.elastic_client",
    "catalogue.elastic_indices",
    "catalogue.elastic_lookups",
    "catalogue.elastic_writes",
    "catalogue.profile_schema",
    "catalogue.profile_shelf",
}


def test_every_core_module_is_pure_or_named() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [pure] = [contract["source_modules"] for contract in contracts if contract["id"] == "pure"]
    files = [path for package in ("stream", "catalogue") for path in (ROOT / package).glob("*.py")]
    modules = {f"{path.parent.name}.{path.stem}" for path in files if path.stem != "__init__"}
    forgotten = sorted(modules - MAY_DO_IO - set(pure))
    assert forgotten == [], "add them to the contract `pure` in pyproject.toml"
