"""Everything an operator can set, from `STACFED_*` variables alone; `docs/settings.md` comes from here.

The last word of a name is its unit. `load_settings` answers one line per wrong variable, misspelt too.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from alerts.mail import read_smtp_url
from federation.contradictions import contradictions
from federation.urls import DEFAULT_PREFIX, ElasticUrl, KafkaUrl, SqliteUrl, read_log_url, read_store_url

PREFIX = "STACFED_"
MIB = 1024 * 1024
NODE_NAME = r"^[a-z0-9.-]{1,63}$"

# Read by the tests, never by a node.
TEST_VARIABLES = frozenset({"STACFED_CHROMIUM", "STACFED_SCREENSHOTS", "STACFED_SHARED"})
TEST_PREFIX = "STACFED_TEST_"
# Read by the client commands, never by a node.
CLIENT_VARIABLES = frozenset({"STACFED_URL"})


class SettingsError(ValueError):
    """One line for each variable that is wrong."""


def _log_url(url: str) -> str:
    read_log_url(url)
    return url


def _store_url(url: str) -> str:
    read_store_url(url)
    return url


def _smtp_url(url: str) -> str:
    read_smtp_url(url)
    return url


def _root_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url.rstrip("/")


def _split(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


NodeName = Annotated[str, Field(pattern=NODE_NAME)]
LogUrl = Annotated[str, AfterValidator(_log_url)]
StoreUrl = Annotated[str, AfterValidator(_store_url)]
RootUrl = Annotated[str, AfterValidator(_root_url)]
NodeNames = Annotated[tuple[NodeName, ...], NoDecode, BeforeValidator(_split)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Destinations = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
SmtpUrl = Annotated[str, AfterValidator(_smtp_url)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, validate_default=True
    )

    node: NodeName = Field(
        "local", description="The node's name in the federation: 1-63 of a-z, 0-9, . and -"
    )
    worker: NodeName = Field(
        "a", description="This process among the workers of its node; two processes never share a name"
    )
    data_dir: Path = Field(
        Path("stacfed-data"), description="The folder for all that this node keeps on disk"
    )
    log_url: LogUrl | None = Field(
        None,
        description="The log, `sqlite:PATH` or `kafka://HOST:PORT,HOST:PORT/PREFIX`; not set: `log.db` in the "
        "data folder",
    )
    store_url: StoreUrl | None = Field(
        None,
        description="The catalogue's store, `sqlite:PATH` or `http://HOST:PORT/PREFIX` (https too); not set: "
        "`<node>.db` in the data folder",
    )
    vocabularies: Path | None = Field(
        None, description="The folder of imported vocabularies; not set: `vocabularies` in the data folder"
    )
    schemas: Path | None = Field(
        None, description="The folder of imported extension schemas; not set: `schemas` in the data folder"
    )
    profiles: Path | None = Field(
        None, description="The folder of this site's own profiles; not set: `profiles` in the data folder"
    )
    rules_look_s: float = Field(
        2.0,
        ge=0.05,
        le=3600,
        description="How often a process looks whether vocabularies, schemas or profiles have changed",
    )
    partitions: int = Field(
        4, ge=1, le=1024, description="Partitions of the log; fixed once the log has been created"
    )
    # A position is generation << 40 | offset in 63 bits.
    generation: int = Field(
        1, ge=1, le=2**23 - 1, description="The generation of the log that this node follows"
    )
    fold: int = Field(
        1,
        ge=1,
        description="The rules that doors stamp on events; raise it once every node knows the new ones",
    )

    log_replication: int | None = Field(
        None,
        ge=1,
        le=15,
        description="Kafka: copies of each topic; not set: three, or as many as there are brokers",
    )
    log_min_insync: int | None = Field(
        None,
        ge=1,
        le=15,
        description="Kafka: copies that acknowledge an event before its 202; not set: one less than there are copies",
    )
    log_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Kafka: how to connect"
    )
    log_ca_file: Path | None = Field(
        None, description="Kafka: the certificates to trust; not set: the system's"
    )
    log_cert_file: Path | None = Field(
        None, description="Kafka: our own certificate, for brokers that ask for one"
    )
    log_key_file: Path | None = Field(None, description="Kafka: the key of our own certificate")
    log_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="Kafka: how to prove who we are"
    )
    log_user: str | None = Field(None, min_length=1, description="Kafka: who we are")
    log_password: str | None = Field(None, min_length=1, repr=False, description="Kafka: the password")
    log_session_s: float = Field(
        10.0,
        ge=1,
        le=300,
        description="How long a silent worker keeps its partitions before others take them",
    )

    store_api_key: str | None = Field(
        None, min_length=1, repr=False, description="Elasticsearch: the API key, as it is sent"
    )
    store_user: str | None = Field(
        None, min_length=1, description="Elasticsearch: who we are, without an API key"
    )
    store_password: str | None = Field(
        None, min_length=1, repr=False, description="Elasticsearch: the password"
    )
    store_ca_file: Path | None = Field(
        None, description="Elasticsearch: the certificates to trust; not set: the system's"
    )
    store_cert_file: Path | None = Field(
        None, description="Elasticsearch: our own certificate, for servers that ask for one"
    )
    store_key_file: Path | None = Field(None, description="Elasticsearch: the key of our own certificate")
    store_shards: int = Field(
        1, ge=1, le=1024, description="Elasticsearch: shards of each index made from now on"
    )
    store_replicas: int | None = Field(
        None, ge=0, le=15, description="Elasticsearch: copies of each shard; not set: one where there is room"
    )
    store_refresh_ms: int = Field(
        250, ge=10, le=60_000, description="Elasticsearch: how soon a search shows what was written"
    )
    start_wait_s: int = Field(
        60, ge=0, le=3600, description="How long a starting process waits for Kafka or Elasticsearch"
    )

    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="The port to listen on; 0 takes any free one")
    root_url: RootUrl | None = Field(
        None, description="The address that clients see, for links; not set: taken from each request"
    )
    scope: str = Field(
        "stacfed:publish",
        min_length=1,
        description="The scope that a publisher's token needs, as `GET /scope` answers",
    )
    catalog_title: str = Field(
        "Federated STAC catalogue", min_length=1, description="The title on the landing page"
    )
    handle_key: str | None = Field(
        None,
        min_length=16,
        repr=False,
        description="The secret that makes handles; not set: drawn once, kept in the data folder",
    )

    alerts: Destinations = Field(
        ("log:",),
        repr=False,
        description="Where operators are told, comma separated: `log:`, `mailto:ADDRESS`, `https://...`, "
        "`apprise:URL`",
    )
    smtp_url: SmtpUrl | None = Field(
        None,
        repr=False,
        description="The mail server, `smtp://[USER:PASSWORD@]HOST[:PORT][?starttls=no]` or `smtps://...`",
    )
    mail_from: str | None = Field(None, min_length=3, description="The sender of mails")
    alert_webhook_hosts: Names = Field(
        (), description="Hosts (`HOST` or `HOST:PORT`, lower case) that publishers may name for webhooks"
    )
    alert_subscriptions_max: int = Field(
        500, ge=0, le=10_000, description="The most addresses that publishers may register"
    )

    expected_nodes: NodeNames = Field(
        (), description="The nodes whose outcomes a request waits for, comma separated; not set: this node"
    )
    index_workers: int = Field(1, ge=1, le=64, description="Index workers in this process")
    delivery_deadline_s: int = Field(
        300,
        ge=1,
        description="How long an accepted event may stay without an outcome before it counts as late",
    )
    request_retention_days: int = Field(30, ge=1, description="How long the outcomes of a request are kept")

    body_bytes_max: int = Field(64 * MIB, ge=1, description="The largest request body (64 MiB)")
    item_bytes_max: int = Field(4 * MIB, ge=1, description="The largest item (4 MiB)")
    message_bytes_max: int = Field(
        5 * MIB, ge=1, description="The largest message on the log (5 MiB); holds an item and its event"
    )
    features_max: int = Field(10_000, ge=1, description="The most features in one collection of a request")
    appends_in_flight_max: int = Field(
        256, ge=1, description="The most appends that wait for the log at a time"
    )
    courtesy_wait_ms: int = Field(
        500,
        ge=0,
        le=10_000,
        description="How long a door waits for its own index before it answers 404 or 409",
    )
    wait_s_max: int = Field(
        60, ge=0, description="The longest that a client may ask to wait for its outcomes"
    )

    log_level: LogLevel = Field("INFO", description="The least severe messages that are logged")

    @field_validator("expected_nodes")
    @classmethod
    def _own_node(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        own = info.data.get("node")
        return names or ((own,) if own else ())

    @field_validator("message_bytes_max")
    @classmethod
    def _holds_an_item(cls, limit: int, info: ValidationInfo) -> int:
        item = info.data.get("item_bytes_max", 0)
        if limit < item:
            raise ValueError(f"must be at least {PREFIX}ITEM_BYTES_MAX ({item})")
        return limit

    @property
    def log(self) -> SqliteUrl | KafkaUrl:
        """Where the log is."""
        return read_log_url(self.log_url) if self.log_url else SqliteUrl(self.data_dir / "log.db")

    @property
    def store(self) -> SqliteUrl | ElasticUrl:
        """Where the store is."""
        return (
            read_store_url(self.store_url) if self.store_url else SqliteUrl(self.data_dir / f"{self.node}.db")
        )

    @property
    def vocabularies_dir(self) -> Path:
        """Where imported vocabularies are."""
        return self.vocabularies or self.data_dir / "vocabularies"

    @property
    def schemas_dir(self) -> Path:
        """Where imported extension schemas are."""
        return self.schemas or self.data_dir / "schemas"

    @property
    def profiles_dir(self) -> Path:
        """Where this site's own profiles are."""
        return self.profiles or self.data_dir / "profiles"

    @property
    def topic_prefix(self) -> str:
        """What the names of all topics begin with."""
        return self.log.prefix if isinstance(self.log, KafkaUrl) else DEFAULT_PREFIX


def load_settings() -> Settings:
    """Raises SettingsError, which never repeats a wrong value: it may be a secret."""
    lines = _unknown_variables()
    settings = None
    try:
        settings = Settings()
    except ValidationError as error:
        lines += [_line(str(wrong["loc"][0]), wrong["msg"]) for wrong in error.errors(include_input=False)]
    if settings is not None:
        lines += [_line(*wrong) for wrong in contradictions(settings)]
    if settings is None or lines:
        raise SettingsError("\n".join(lines))
    return settings


def _line(field: str, message: str) -> str:
    return f"{PREFIX}{field.upper()}: {message.removeprefix('Value error, ')}"


def _unknown_variables() -> list[str]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= TEST_VARIABLES | CLIENT_VARIABLES
    lines = []
    for name in sorted(os.environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(TEST_PREFIX) or upper in known:
            continue
        nearest = difflib.get_close_matches(upper, sorted(known), n=1, cutoff=0.0)
        lines.append(f"{name}: there is no such setting; did you mean {nearest[0]}?")
    return lines


def markdown_table() -> str:
    """The table of `docs/settings.md`."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def shown_settings(settings: Settings) -> list[str]:
    """Every variable with its value and where that comes from, one a line; secrets are hidden."""
    width = max(map(len, Settings.model_fields)) + len(PREFIX)
    return [
        f"{PREFIX + name.upper():<{width}}  {_shown(settings, name)}  ({_origin(settings, name)})"
        for name in Settings.model_fields
    ]


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if value is None:
        return "not set"
    if not Settings.model_fields[name].repr:
        return "(hidden)"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _origin(settings: Settings, name: str) -> str:
    return "environment" if name in settings.model_fields_set else "default"


if __name__ == "__main__":
    print(markdown_table())
