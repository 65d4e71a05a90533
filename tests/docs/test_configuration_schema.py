"""The committed schema of the settings is the one that the settings give, and it takes what a node reads."""

from __future__ import annotations

from federation.settings import PREFIX, Settings, load_settings
from federation.settings_schema import settings_schema, settings_schema_text
from schemas import registry


def test_the_committed_schema_is_current() -> None:
    committed = (registry.FOLDER / "configuration.json").read_text()
    assert committed == settings_schema_text(), "run: python -m federation.settings_schema"


def test_every_setting_is_in_it() -> None:
    assert settings_schema()["properties"].keys() == {
        f"{PREFIX}{name.upper()}" for name in Settings.model_fields
    }


def test_the_defaults_are_valid_and_others_are_checked() -> None:
    defaults = {
        f"{PREFIX}{name.upper()}": value for name, value in load_settings().model_dump(mode="json").items()
    }
    validator = registry.validator("configuration")
    validator.validate(defaults)
    for wrong in (
        {"STACFED_PORT": "x"},
        {"STACFED_PORT": 70_000},
        {"STACFED_NODE": "A B"},
        {"STACFED_PROT": 1},
    ):
        assert not validator.is_valid(defaults | wrong)
