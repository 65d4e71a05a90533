"""CQL2 (OGC 21-065r2), as text and as JSON, turned into filters of the catalogue.

The package `cql2` alone reads the grammar; what it makes of it is visited here:

    limits        how much anybody may write
    text, tree    CQL2 text and JSON, within these limits, as one tree of JSON
    conditions    what is true or false of a record
    operands      what is compared
    comparisons   = <> < <= > >= between in like isNull
    formulas      properties compared with each other, and arithmetic
    moments       points in time and days
    temporal, spatial, arrays   the functions t_..., s_... and a_...
    truth         three-valued logic, compiled to sets of records
    abilities     what a filter asks of a store
"""

from discovery_api.cql2.abilities import check_abilities, named
from discovery_api.cql2.reading import read_filter

__all__ = ["check_abilities", "named", "read_filter"]
