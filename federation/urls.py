"""Where the log and the store are: the URLs that an operator writes, taken apart.

`sqlite:PATH`, `kafka://HOST:PORT[,HOST:PORT...]/PREFIX`, `http://HOST:PORT[,HOST:PORT...]/PREFIX` (or https).
A ValueError never repeats the URL: somebody may have put a password into it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PREFIX = "stacfed"
KAFKA_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,200}")
ELASTIC_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # the name of an index allows no more
HOST_PORT = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}")
HOSTS_MAX = 64


@dataclass(frozen=True, slots=True)
class SqliteUrl:
    """A file."""

    path: Path


@dataclass(frozen=True, slots=True)
class KafkaUrl:
    """Brokers to begin with, and what the names of all topics begin with."""

    servers: tuple[str, ...]
    prefix: str


@dataclass(frozen=True, slots=True)
class ElasticUrl:
    """The nodes of one cluster, and what the names of all indices begin with."""

    hosts: tuple[str, ...]
    prefix: str


def read_log_url(url: str) -> SqliteUrl | KafkaUrl:
    """ValueError says what a log's URL looks like."""
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return _sqlite(rest)
    if scheme == "kafka":
        return KafkaUrl(*_servers(rest, "kafka://HOST:PORT/PREFIX", KAFKA_PREFIX))
    raise ValueError(f"is sqlite:PATH or kafka://HOST:PORT/PREFIX, not {_shown(scheme, rest)}")


def read_store_url(url: str) -> SqliteUrl | ElasticUrl:
    """ValueError says what a store's URL looks like."""
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return _sqlite(rest)
    if scheme in ("http", "https"):
        hosts, prefix = _servers(rest, f"{scheme}://HOST:PORT/PREFIX", ELASTIC_PREFIX)
        return ElasticUrl(tuple(f"{scheme}://{host}" for host in hosts), prefix)
    raise ValueError(f"is sqlite:PATH, http://HOST:PORT/PREFIX or https://..., not {_shown(scheme, rest)}")


def _sqlite(path: str) -> SqliteUrl:
    if not path:
        raise ValueError("the path is missing: sqlite:PATH")
    return SqliteUrl(Path(path))


def _servers(rest: str, form: str, allowed: re.Pattern[str]) -> tuple[tuple[str, ...], str]:
    """The hosts and the prefix in `//HOST:PORT,HOST:PORT/PREFIX`."""
    if "@" in rest:
        raise ValueError("holds a user or password; these have settings of their own")
    hosts, _, prefix = rest.removeprefix("//").partition("/")
    names = tuple(hosts.split(","))
    if not rest.startswith("//") or len(names) > HOSTS_MAX or not all(map(HOST_PORT.fullmatch, names)):
        raise ValueError(f"the hosts are not HOST:PORT, separated by commas: {form}")
    if not allowed.fullmatch(prefix):
        raise ValueError(f"the prefix is missing or not of the form {allowed.pattern}: {form}")
    return names, prefix


def _shown(scheme: str, rest: str) -> str:
    return f"{scheme}:..." if rest else "a bare path"
