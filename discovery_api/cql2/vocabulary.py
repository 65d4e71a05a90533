"""The names of operators and functions, in lower case: they are read in any."""

from __future__ import annotations

from catalogue.folds import Fold
from discovery_api.cql2.limits import NAME_CHARACTERS_MAX, Wrong, shown
from discovery_api.nearness import nearest

GEOMETRY = "geometry"
LOGIC = frozenset({"and", "or", "not"})
ORDERS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
COMPARISONS = frozenset({*ORDERS, "between", "in", "like", "isnull"})
FOLDS = {"casei": Fold.CASE, "accenti": Fold.ACCENTS}
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^", "div"})
SPATIAL = frozenset({
    "s_intersects", "s_disjoint", "s_within", "s_contains", "s_touches", "s_crosses", "s_overlaps", "s_equals",
})  # fmt: skip
# Of these the first five also compare instants.
TEMPORAL = frozenset({
    "t_after", "t_before", "t_disjoint", "t_equals", "t_intersects",
    "t_contains", "t_during", "t_finishedby", "t_finishes", "t_meets", "t_metby", "t_overlappedby", "t_overlaps",
    "t_startedby", "t_starts",
})  # fmt: skip
ARRAYS = frozenset({"a_contains", "a_containedby", "a_equals", "a_overlaps"})
CONDITIONS = LOGIC | COMPARISONS | SPATIAL | TEMPORAL | ARRAYS
FUNCTIONS = sorted([*FOLDS, *SPATIAL, *TEMPORAL, *ARRAYS])


def unknown_function(name: str, where: str) -> Wrong:
    """What to raise for a function that is none of CQL2's own."""
    near = nearest(name[:NAME_CHARACTERS_MAX], FUNCTIONS)
    return Wrong(where, f"there is no function {shown(name)} here{near}", shown(name))
