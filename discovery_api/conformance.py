"""Which conformance classes hold: those of every node, and those that its store or its other roles add."""

from __future__ import annotations

from collections.abc import Iterable, Set

from stac_fastapi.extensions.aggregation import AggregationConformanceClasses
from stac_fastapi.extensions.collection_search import CollectionSearchConformanceClasses
from stac_fastapi.extensions.fields.fields import FieldsConformanceClasses
from stac_fastapi.extensions.filter import FilterConformanceClasses
from stac_fastapi.extensions.free_text import FreeTextConformanceClasses
from stac_fastapi.extensions.query.query import QueryConformanceClasses
from stac_fastapi.extensions.sort.sort import SortConformanceClasses
from stac_fastapi.extensions.transaction.transaction import TransactionConformanceClasses
from stac_fastapi.types.conformance import OAFConformanceClasses, STACConformanceClasses
from starlette.routing import BaseRoute, Route

from catalogue.filters import Ability

ITEMS_PATH = "/collections/{collection}/items"
EVERYWHERE = (
    *STACConformanceClasses,
    OAFConformanceClasses.CORE,
    OAFConformanceClasses.GEOJSON,  # and not oas30: our OpenAPI document is of version 3.1
    "https://api.stacspec.org/v1.0.0/children",
    "https://api.stacspec.org/v1.0.0/browseable",
    "https://api.stacspec.org/v1.0.0/item-search#filter",
    AggregationConformanceClasses.AGGREGATION,
    FieldsConformanceClasses.SEARCH,
    FieldsConformanceClasses.ITEMS,
    QueryConformanceClasses.SEARCH,
    QueryConformanceClasses.ITEMS,
    "https://api.stacspec.org/v1.0.0/item-search#sort",  # the version that clients look for
    "https://api.stacspec.org/v1.0.0/ogcapi-features#sort",
    SortConformanceClasses.ITEM_SEARCH_SORT,
    SortConformanceClasses.FEATURES_SORT,
    FreeTextConformanceClasses.SEARCH,
    FreeTextConformanceClasses.ITEMS,
    FilterConformanceClasses.FILTER,
    FilterConformanceClasses.SEARCH,
    FilterConformanceClasses.ITEMS,
    FilterConformanceClasses.CQL2_TEXT,
    FilterConformanceClasses.CQL2_JSON,
    FilterConformanceClasses.BASIC_CQL2,
    FilterConformanceClasses.ADVANCED_COMPARISON_OPERATORS,
    FilterConformanceClasses.CASE_INSENSITIVE_COMPARISON,
    FilterConformanceClasses.ACCENT_INSENSITIVE_COMPARISON,
    FilterConformanceClasses.BASIC_SPATIAL_FUNCTIONS,
    FilterConformanceClasses.BASIC_SPATIAL_FUNCTIONS_PLUS,
    FilterConformanceClasses.TEMPORAL_FUNCTIONS,
    FilterConformanceClasses.ARRAY_FUNCTIONS,
    CollectionSearchConformanceClasses.COLLECTIONSEARCH,
    CollectionSearchConformanceClasses.BASIS,
    FilterConformanceClasses.COLLECTIONS,
    FreeTextConformanceClasses.COLLECTIONS,
    FieldsConformanceClasses.COLLECTIONS,
    QueryConformanceClasses.COLLECTIONS,
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search#sort",
    SortConformanceClasses.COLLECTION_SEARCH_SORT,
)
OF_ABILITIES = {
    Ability.PROPERTIES: FilterConformanceClasses.PROPERTY_PROPERTY,
    Ability.ARITHMETIC: FilterConformanceClasses.ARITHMETIC,
    Ability.SPATIAL: FilterConformanceClasses.SPATIAL_FUNCTIONS,
}


def conformance(abilities: Set[Ability], routes: Iterable[BaseRoute]) -> list[str]:
    """The classes of a process whose store has these abilities; `routes` are all that it serves."""
    found = {str(each) for each in EVERYWHERE}
    found |= {str(uri) for ability, uri in OF_ABILITIES.items() if ability in abilities}
    if any(_publishes(route) for route in routes):
        found.add(str(TransactionConformanceClasses.ITEMS))  # which allows for our 202 and a handle
    return sorted(found)


def _publishes(route: BaseRoute) -> bool:
    return isinstance(route, Route) and route.path == ITEMS_PATH and "POST" in (route.methods or ())
