"""What a URI says about family and version, and how versions are ordered."""

from __future__ import annotations

import itertools

import pytest

from schemas.uri import at_least, family_of, is_versioned

BASE = "https://stac-extensions.github.io"


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        (f"{BASE}/file/v2.1.0/schema.json", ("file", "2.1.0")),
        (f"{BASE}/file/v2.1.0/schema.json#", ("file", "2.1.0")),
        (f"{BASE}/eo/v2.0.0-beta.1/schema.json", ("eo", "2.0.0-beta.1")),
        ("https://esgf.github.io/stac-transaction-api/cmip6/v3.0.4/schema.json", ("cmip6", "3.0.4")),
        (f"{BASE}/file/v2.1/schema.json", None),
        (f"{BASE}/file/v02.1.0/schema.json", None),
        (f"{BASE}/file/2.1.0/schema.json", None),
        (f"{BASE}/file/v2.1.0/schema.json\n", None),
        (f"{BASE}/file/v2.1.0/item.json", None),
        (f"{BASE}/{'a' * 500}/v2.1.0/schema.json", None),
        ("v1.0.0/schema.json", None),
        ("schema.json", None),
        ("", None),
    ],
)
def test_family_of(uri: str, found: tuple[str, str] | None) -> None:
    assert family_of(uri) == found


def test_versions_are_ordered_as_semantic_versioning_says() -> None:
    ordered = (
        "0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
    )  # fmt: skip
    for (low, older), (high, newer) in itertools.product(enumerate(ordered), repeat=2):
        assert at_least(newer, older) == (high >= low), (newer, older)
    assert at_least("1.0.0+build.5", "1.0.0")
    assert at_least("1.0.0", "1.0.0+build.5")


@pytest.mark.parametrize("wrong", ["", "1", "1.2", "v1.2.3", "1.2.3.4", "1.2.x", "1.2.3 ", "9" * 20 + ".0.0"])
def test_what_is_no_version_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        at_least(wrong, "1.0.0")
    with pytest.raises(ValueError, match="is no version"):
        at_least("1.0.0", wrong)


@pytest.mark.parametrize(
    ("uri", "versioned"),
    [
        (f"{BASE}/file/v2.1.0/schema.json", True),
        ("https://proj.org/schemas/v0.7/projjson.schema.json", True),
        ("https://a.org/1.0/x.json", True),
        ("https://a.org/x/schema.json", False),
        ("https://a.org/v2/schema.json", False),
        ("https://10.0.0.1/schema.json", False),
    ],
)
def test_a_version_in_a_uri(uri: str, versioned: bool) -> None:
    assert is_versioned(uri) == versioned
