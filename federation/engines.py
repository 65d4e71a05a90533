"""The log and the store that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalogue.sqlite import SqliteStore
from catalogue.store import Store
from federation.settings import Settings, SettingsError
from federation.urls import SqliteUrl
from stream.log import Log
from stream.sqlite import SqliteLog


def open_log(settings: Settings) -> Log:
    """The log; a remote one is not spoken to yet. SettingsError where its files cannot be used."""
    url = settings.log
    if isinstance(url, SqliteUrl):
        return SqliteLog(url.path, settings.log_session_s)
    from stream.kafka import KafkaLog, Security  # only who uses it waits for its packages

    security = Security(
        settings.log_security, settings.log_ca_file, settings.log_cert_file, settings.log_key_file,
        settings.log_sasl_mechanism, settings.log_user, settings.log_password,
    )  # fmt: skip
    with _usable("LOG"):
        return KafkaLog(
            ",".join(url.servers),
            security,
            replication=settings.log_replication,
            min_insync=settings.log_min_insync,
            session_s=settings.log_session_s,
        )


def open_store(settings: Settings) -> Store:
    """The store; a remote one is not spoken to yet. SettingsError where its files cannot be used."""
    url = settings.store
    if isinstance(url, SqliteUrl):
        return SqliteStore(url.path)
    from catalogue.elastic import ElasticStore
    from catalogue.elastic_client import Access

    access = Access(
        settings.store_api_key, settings.store_user, settings.store_password,
        _text(settings.store_ca_file), _text(settings.store_cert_file), _text(settings.store_key_file),
    )  # fmt: skip
    with _usable("STORE"):
        return ElasticStore(
            url.hosts,
            url.prefix,
            access,
            shards=settings.store_shards,
            replicas=settings.store_replicas,
            refresh_ms=settings.store_refresh_ms,
        )


@contextmanager
def _usable(engine: str) -> Iterator[None]:
    """Name the settings whose files are no certificates."""
    try:
        yield
    except OSError as error:  # SSLError is one
        names = ", ".join(f"STACFED_{engine}_{name}_FILE" for name in ("CA", "CERT", "KEY"))
        raise SettingsError(f"{names}: one of these cannot be used: {error}") from error


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
