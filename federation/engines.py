"""The log and the store that the settings name."""

from __future__ import annotations

from pathlib import Path

from catalogue.sqlite import SqliteStore
from catalogue.store import Store
from federation.settings import Settings
from federation.urls import ElasticUrl, KafkaUrl
from stream.log import Log
from stream.sqlite import SqliteLog


def open_log(settings: Settings) -> Log:
    """The log. A remote one is not spoken to yet."""
    url = settings.log
    if isinstance(url, KafkaUrl):
        from stream.kafka import KafkaLog, Security  # only who uses it waits for its packages

        security = Security(
            settings.log_security, settings.log_ca_file, settings.log_cert_file, settings.log_key_file,
            settings.log_sasl_mechanism, settings.log_user, settings.log_password,
        )  # fmt: skip
        return KafkaLog(
            ",".join(url.servers),
            security,
            replication=settings.log_replication,
            min_insync=settings.log_min_insync,
            session_s=settings.log_session_s,
        )
    return SqliteLog(url.path, settings.log_session_s)


def open_store(settings: Settings) -> Store:
    """The store. A remote one is not spoken to yet."""
    url = settings.store
    if isinstance(url, ElasticUrl):
        from catalogue.elastic import ElasticStore
        from catalogue.elastic_client import Access

        access = Access(
            settings.store_api_key, settings.store_user, settings.store_password,
            _text(settings.store_ca_file), _text(settings.store_cert_file), _text(settings.store_key_file),
        )  # fmt: skip
        return ElasticStore(
            url.hosts,
            url.prefix,
            access,
            shards=settings.store_shards,
            replicas=settings.store_replicas,
            refresh_ms=settings.store_refresh_ms,
        )
    return SqliteStore(url.path)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
