"""The functions s_...: how a record's geometry stands to a given one."""

from __future__ import annotations

from typing import Any

from shapely.geometry.base import BaseGeometry

from catalogue.filters import Located, Not, Relation, Spatial
from catalogue.matching import PREDICATES
from discovery_api.cql2.limits import Wrong, shown
from discovery_api.cql2.operands import property_name
from discovery_api.cql2.truth import Truth, constant, every
from discovery_api.cql2.vocabulary import GEOMETRY
from discovery_api.places import shape_of_box, shape_of_geometry

TURNED = {Relation.WITHIN: Relation.CONTAINS, Relation.CONTAINS: Relation.WITHIN}


def spatial(name: str, args: list[Any], where: str) -> Truth:
    """One relation between two geometries; unknown of records without one."""
    if len(args) != 2:
        raise Wrong(where, f"{name} takes two geometries, not {len(args)}")
    relation = Relation(name.removeprefix("s_"))
    left, right = (_shape(arg, f"{where}/args/{place}") for place, arg in enumerate(args))
    if left is not None and right is not None:
        return constant(bool(PREDICATES[relation](left, right)))
    if left is None and right is None:
        raise Wrong(where, f"{name} compares `{GEOMETRY}` with a given geometry, not with itself")
    if right is None:
        relation, right = TURNED.get(relation, relation), left
    found = Spatial(relation, right)
    return Truth(found, every([Located(), Not(found)]))


def _shape(node: Any, where: str) -> BaseGeometry | None:
    """The normal form of a literal; None stands for the record's own geometry."""
    if isinstance(node, dict) and "property" in node:
        name = property_name(node, where)
        if name != GEOMETRY:
            raise Wrong(where, f"the spatial functions look at `{GEOMETRY}` alone, not at `{shown(name)}`")
        return None
    try:
        if isinstance(node, dict) and "bbox" in node:
            return shape_of_box(node["bbox"])
        return shape_of_geometry(node)
    except ValueError as error:
        raise Wrong(where, str(error)) from error
