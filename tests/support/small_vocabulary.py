"""A vocabulary made up for tests, small enough to read, and the profile and item that go with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalogue.profile import (
    Composition,
    ExtensionRule,
    FacetRule,
    IdRule,
    Pairing,
    Participation,
    Profile,
)
from cv.vocabulary import Facet, Field, Kind, Part, Term, Vocabulary

Item = dict[str, Any]


def facet(name: str, *terms: str | Term) -> Facet:
    """A facet of plain terms, given by name, and others."""
    return Facet(name, tuple(Term(term.lower(), term) if isinstance(term, str) else term for term in terms))


MODELS = facet(
    "model",
    Term("oak", "OAK-1", facts={"campaigns": ("Autumn", "Spring"), "makers": ("Forest",), "units": ("m",)}),
    Term("elm", "ELM-2", facts={"campaigns": ("Spring",), "makers": ("Forest", "Park"), "units": ("K",)}),
    Term("ash", "ASH-3"),
)
VOCABULARY = Vocabulary(
    "woods",
    "1.0",
    "0" * 64,
    {
        "campaign": facet("campaign", "Autumn", "Spring", "Winter"),
        "model": MODELS,
        "maker": facet("maker", "Forest", "Park", "Garden"),
        "start": facet("start", "none", "s1960", "s1961"),
        "table": facet("table", "day", "mon", "fx"),
        "realm": facet("realm", "air", "sea", "land"),
        "run": facet("run", Term("run", "^r[0-9]+$", Kind.PATTERN)),
        "member": facet(
            "member", Term("member", "member", Kind.COMPOSITE, {}, "-", (Part("start", False), Part("run")))
        ),
        "many": facet("many", *(f"term{number:02}" for number in range(40))),
    },
    fields=(
        Field("w:model", "model", required=True),
        Field("w:units", "model", "units"),
        Field("w:note", None, required=True),
        Field("w:colours", "realm", many=True),
        Field("x:other", "realm", required=True),
    ),
)
MEMBER = "(?:(?P<start>s[0-9]{4})-)?(?P<run>r[0-9]+)"
PROFILE = Profile(
    "woods",
    "1",
    IdRule(r"(?P<dataset>W(?:\.[A-Za-z0-9_-]+){4})\.v(?P<version>[0-9]{8})", "number"),
    (),
    parts=("w:project", "w:campaign", "w:model", "w:member", "w:table"),
    same={"title": "dataset", "version": "version"},
    vocabulary="woods",
    facets=(
        FacetRule("w:campaign", facet="campaign", many=True, required=True),
        FacetRule("w:model", facet="model", required=True),
        FacetRule("w:maker", facet="maker"),
        FacetRule("w:start", facet="start"),
        FacetRule("w:run", facet="run"),
        FacetRule("w:composed", facet="member"),
        FacetRule(
            "w:member",
            pattern=MEMBER,
            groups={"start": "w:start", "run": "w:run"},
            defaults={"w:start": "none"},
        ),
        FacetRule("w:table", facet="table"),
        FacetRule("w:realm", facet="realm", many=True),
        FacetRule("w:index", pattern="[0-9]+"),
        FacetRule("w:many", facet="many"),
        FacetRule("w:absent", facet="not-in-this-vocabulary"),
        FacetRule("w:free", required=True),
    ),
    cross_checks=(
        Participation("model-campaign", "w:model", ("campaigns",), "w:campaign"),
        Participation("model-maker", "w:model", ("builders", "makers"), "w:maker"),
        Composition("member", "w:member", "[{w:start}-]{w:run}", {"w:start": "none"}),
        Pairing("table-realm", "w:table", "w:realm", {"day": ("air", "sea"), "fx": ("land",)}, "warning"),
    ),
    extensions=ExtensionRule({"file": "2.0.0", "woods": "1.1.0"}, ("eo",)),
    links=("cite-as",),
)
DATASET = "W.Spring.OAK-1.s1960-r1.day"
FILE, WOODS = "https://ext.example/file/v2.1.0/schema.json", "https://ext.example/woods/v1.1.0/schema.json"


def good_item(**changed: Any) -> Item:
    """An item in which all is well; properties by name, `w_model` for `w:model`, None takes one out."""
    properties: dict[str, Any] = {
        "title": DATASET,
        "version": "20200131",
        "w:project": "W",
        "w:campaign": ["Spring"],
        "w:model": "OAK-1",
        "w:maker": "Forest",
        "w:start": "s1960",
        "w:run": "r1",
        "w:composed": "s1960-r1",
        "w:member": "s1960-r1",
        "w:table": "day",
        "w:realm": ["air", "sea"],
        "w:index": "7",
        "w:many": "term07",
        "w:absent": "anything",
        "w:free": {"any": "value"},
    }
    properties |= {name.replace("w_", "w:", 1): value for name, value in changed.items()}
    return {
        "type": "Feature",
        "id": f"{DATASET}.v20200131",
        "collection": "woods",
        "stac_extensions": [FILE, WOODS],
        "properties": {name: value for name, value in properties.items() if value is not None},
        "links": [{"rel": "cite-as", "href": "https://cite.example/1"}],
        "assets": {},
    }


def with_profile(**changed: Any) -> Profile:
    """The profile with other rules."""
    return replace(PROFILE, **changed)


HOSTILE: tuple[Any, ...] = (
    None, True, 1, -1.5, 10**400, "", "x" * 5_000, "\ud800", "a\x00b", [], {}, [None], [[]], [{}], [1, 1], ["x", "x"],
    [True, 1, "1"], {"w:model": []}, [["Spring"]], ["Spring", ["Spring"]], list(range(2_000)), float("inf"),
)  # fmt: skip
