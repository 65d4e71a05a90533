"""Settings that another one makes wrong or useless: each is valid alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from federation.urls import ElasticUrl, KafkaUrl

if TYPE_CHECKING:
    from federation.settings import Settings

KAFKA = ("log_replication", "log_min_insync", "log_security")
SASL = ("log_sasl_mechanism", "log_user", "log_password")
LOG_TLS = ("log_ca_file", "log_cert_file", "log_key_file")
ELASTIC = (
    "store_api_key", "store_user", "store_password", "store_ca_file", "store_cert_file", "store_key_file",
    "store_shards", "store_replicas", "store_refresh_ms",
)  # fmt: skip
TOGETHER = (
    ("log_cert_file", "log_key_file"),
    ("store_cert_file", "store_key_file"),
    ("store_user", "store_password"),
)
FILES = ("log_ca_file", "log_cert_file", "log_key_file", "store_ca_file", "store_cert_file", "store_key_file")


def contradictions(settings: Settings) -> list[tuple[str, str]]:
    """(setting, what is wrong with it), each setting once."""
    found: dict[str, str] = {}
    for name, wrong in _all(settings):
        found.setdefault(name, wrong)
    return list(found.items())


def _alerts(settings: Settings) -> Iterator[tuple[str, str]]:
    from federation.alerting import alert_options

    try:
        alert_options(settings).destinations()
    except ValueError as error:
        yield "alerts", str(error)


def _all(settings: Settings) -> Iterator[tuple[str, str]]:
    yield from _alerts(settings)
    kafka, security = isinstance(settings.log, KafkaUrl), settings.log_security
    if not kafka:
        yield from _useless(settings, (*KAFKA, *SASL, *LOG_TLS), "the log is not Kafka")
    if not isinstance(settings.store, ElasticUrl):
        yield from _useless(settings, ELASTIC, "the store is not Elasticsearch")
    if "SASL" in security and not (settings.log_user and settings.log_password):
        yield "log_security", f"{security} needs STACFED_LOG_USER and STACFED_LOG_PASSWORD"
    if "SASL" not in security:
        yield from _useless(settings, SASL, f"STACFED_LOG_SECURITY is {security}, without SASL")
    if not security.endswith("SSL"):
        yield from _useless(settings, LOG_TLS, f"STACFED_LOG_SECURITY is {security}, without TLS")
    if settings.store_api_key and settings.store_user:
        yield "store_user", "is of no use beside STACFED_STORE_API_KEY; set one of the two"
    for one, other in TOGETHER:
        if (getattr(settings, one) is None) != (getattr(settings, other) is None):
            missing, there = (one, other) if getattr(settings, one) is None else (other, one)
            yield there, f"needs STACFED_{missing.upper()}, too"
    if (settings.log_min_insync or 1) > (settings.log_replication or 15):
        yield "log_min_insync", "is more than STACFED_LOG_REPLICATION: nothing could be appended"
    for name in FILES:
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            yield name, f"there is no file {path}"


def _useless(settings: Settings, names: Iterable[str], why: str) -> Iterator[tuple[str, str]]:
    return ((name, f"is of no use: {why}") for name in names if name in settings.model_fields_set)
