"""What the OpenAPI document says of aggregations and queryables."""

from __future__ import annotations

from typing import Any

from catalogue.aggregations import Step
from discovery_api import describing
from discovery_api.aggregation_request import AGGREGATIONS_MAX, INTERVAL
from discovery_api.links import JSON
from discovery_api.parameters import SELECTING

Json = dict[str, Any]
A_LIST = {"type": "array", "items": {"type": "object"}}
COLLECTION = describing.an_object(
    "AggregationCollection", type={"const": "AggregationCollection"}, aggregations=A_LIST, links=A_LIST
)
QUERYABLES = describing.an_object("Queryables", properties={"type": "object"})
STEPS = [step.value for step in Step]
OWN: list[dict[str, Any]] = [
    {
        "name": "aggregations", "in": "query", "required": True, "style": "form", "explode": False,
        "description": "Names of aggregations, as /aggregations tells them",
        "schema": {
            "type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": AGGREGATIONS_MAX,
        },
    },
    {
        "name": INTERVAL, "in": "query", "required": False, "description": "How wide the buckets of times are",
        "schema": {"enum": [*STEPS, ""], "default": "month"},
    },
]  # fmt: skip


def _body() -> Json:
    """The body of an aggregation: that of a search, and the names."""
    found = describing.body(SELECTING)
    schema = found["content"][JSON]["schema"]
    own = {each["name"]: {**each["schema"], "description": each["description"]} for each in OWN}
    schema["title"], schema["required"] = "Aggregation", ["aggregations"]
    own[INTERVAL]["enum"] = STEPS
    schema["properties"] = own | schema["properties"]
    return {**found, "required": True}


BODY = _body()
