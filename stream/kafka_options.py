"""Every setting of Kafka clients and topics, spelled out in one place. Nothing here does I/O.

The numbers hang together. An event has at most 5 MiB, so a request and a topic allow 6; an append answers before
the door's 10 s have passed; a join may last as long as the slowest member finishes its rounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any

MESSAGE_BYTES_MAX = 6 << 20  # an event of 5 MiB, its key, and what Kafka writes around them
REQUEST_BYTES_MAX = (
    MESSAGE_BYTES_MAX - 4096
)  # what we send must pass the topic's limit with its batch's header
BATCH_BYTES_MAX = 1 << 20
FETCH_BYTES_MAX = 32 << 20
FETCH_WAIT_MS = (
    100  # a partition that was read to its end waits for the fetch of the others, no longer than this
)
APPEND_DEADLINE_S = 8.0  # below the 10 s of a door
REQUEST_DEADLINE_S = 8.0
RETRY_PAUSE_MS = 100
METADATA_AGE_MS = 300_000
IDLE_MS = 540_000
REPLICAS_WANTED = 3


@dataclass(frozen=True, slots=True)
class Security:
    """How we reach the brokers and who we are."""

    protocol: str = "PLAINTEXT"  # PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL
    ca_file: Path | None = None  # None: what this machine trusts
    cert_file: Path | None = None
    key_file: Path | None = None
    mechanism: str = "PLAIN"  # PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def encrypted(self) -> bool:
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def signed_in(self) -> bool:
        return self.protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    def __post_init__(self) -> None:
        if self.protocol not in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"):
            raise ValueError(f"no security protocol of Kafka: {self.protocol}")
        if self.mechanism not in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
            raise ValueError(f"no way to sign in to Kafka: {self.mechanism}")
        if self.signed_in and not (self.user and self.password):
            raise ValueError(f"{self.protocol} needs a user and a password")


def client_options(
    servers: str, security: Security, context: SSLContext | None, request_s: float
) -> dict[str, Any]:
    """What every client is told. `request_s`: how long one request may take before its connection is given up."""
    return {
        "bootstrap_servers": servers,
        "request_timeout_ms": round(request_s * 1000),
        "retry_backoff_ms": RETRY_PAUSE_MS,
        "metadata_max_age_ms": METADATA_AGE_MS,
        "connections_max_idle_ms": IDLE_MS,
        "security_protocol": security.protocol,
        "ssl_context": context,
        "sasl_mechanism": security.mechanism,
        "sasl_plain_username": security.user,
        "sasl_plain_password": security.password,
        "sasl_kerberos_service_name": "kafka",  # this and the next two: ways to sign in that we do not use
        "sasl_kerberos_domain_name": None,
        "sasl_oauth_token_provider": None,
    }


def no_partitioner(*_: object) -> int:
    """We choose partitions ourselves (`stream.keys`); to be asked means that somebody forgot to."""
    raise AssertionError("a message without a partition")


def producer_options(client: dict[str, Any]) -> dict[str, Any]:
    """Acknowledged by all replicas in sync, never twice, in order; batched while a request is under way."""
    return client | {
        "client_id": "stacfed-producer",
        "acks": "all",
        "enable_idempotence": True,
        "transactional_id": None,
        "transaction_timeout_ms": 60_000,  # unused without a transactional id
        "compression_type": None,
        "max_batch_size": BATCH_BYTES_MAX,
        "max_request_size": REQUEST_BYTES_MAX,
        # A node has one request under way; what comes meanwhile goes together into the next. So load batches itself,
        # and a lone message does not wait.
        "linger_ms": 0,
        "partitioner": no_partitioner,
        "key_serializer": None,
        "value_serializer": None,
    }


def consumer_options(client: dict[str, Any]) -> dict[str, Any]:
    """Only fetches: who owns what, and what is committed, is dealt with in `kafka_group`."""
    return (
        client
        | {
            "client_id": "stacfed-consumer",
            "group_id": None,
            "group_instance_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",  # never a silent jump
            "isolation_level": "read_uncommitted",  # nobody writes transactions here; the end is the high watermark
            "check_crcs": True,
            "fetch_min_bytes": 1,
            "fetch_max_wait_ms": FETCH_WAIT_MS,
            "fetch_max_bytes": FETCH_BYTES_MAX,
            "max_partition_fetch_bytes": MESSAGE_BYTES_MAX,
            "max_poll_records": None,
            "consumer_timeout_ms": 200,
            "key_deserializer": None,
            "value_deserializer": None,
            "client_rack": None,
            "exclude_internal_topics": True,
        }
    )


def copies(brokers: int, replication: int | None, min_insync: int | None) -> tuple[int, int]:
    """(replication factor, how many must have a message before it counts), as told or as fits the cluster."""
    factor = replication if replication is not None else min(REPLICAS_WANTED, max(1, brokers))
    return factor, min_insync if min_insync is not None else max(1, factor - 1)


def topic_config(min_insync: int) -> dict[str, str]:
    """The log is the truth: nothing is ever deleted or compacted, and nothing counts that is in one place only."""
    return {
        "min.insync.replicas": str(min_insync),
        "unclean.leader.election.enable": "false",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "cleanup.policy": "delete",
        "max.message.bytes": str(MESSAGE_BYTES_MAX),
        "message.timestamp.type": "CreateTime",
        "compression.type": "producer",
    }
