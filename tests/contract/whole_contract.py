"""The whole of what a store promises."""

from __future__ import annotations

from tests.contract.count_contract import CountContract
from tests.contract.filter_contract import FilterContract
from tests.contract.order_contract import OrderContract
from tests.contract.store_contract import SearchContract, WriteContract


class StoreContract(WriteContract, SearchContract, FilterContract, OrderContract, CountContract):
    """Inherit, and give a fixture `store`."""
