"""The roles that a process may have."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A part of a node; without a choice a process has all of them."""

    TRANSACTION_API = "transaction-api"
    INDEX_NODE = "index-node"
    DISCOVERY_API = "discovery-api"
