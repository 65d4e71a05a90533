"""What the doctor says, and that it says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from federation.advice import (
    ERROR,
    FINE,
    LAG_WARNED,
    WARNING,
    Advice,
    RulesSeen,
    lag_advice,
    rules_advice,
    settings_advice,
    topic_advice,
    unchecked_advice,
)
from federation.settings import Settings
from stream.topics import TopicFacts

TOLD: dict[str, Any] = {"alerts": ("log:", "https://hook.example.org/1")}
KAFKA: dict[str, Any] = {"log_url": "kafka://k:9092/p", "handle_key": "k" * 16}


def levels(found: list[Advice]) -> list[str]:
    assert all(advice.do for advice in found if advice.level != FINE), "a finding says what to do"
    return [advice.level for advice in found]


@pytest.mark.parametrize("told", [{}, KAFKA, {**KAFKA, "expected_nodes": ("local", "other")}])
def test_sound_settings_need_no_advice(told: dict[str, Any]) -> None:
    assert list(settings_advice(Settings(**TOLD, **told))) == []


@pytest.mark.parametrize(
    ("told", "level", "about"),
    [
        ({"expected_nodes": ("other",)}, WARNING, "STACFED_EXPECTED_NODES"),
        ({"log_url": "kafka://k:9092/p"}, ERROR, "STACFED_HANDLE_KEY"),
        (
            {**KAFKA, "log_security": "SASL_PLAINTEXT", "log_user": "u", "log_password": "p"},
            WARNING,
            "STACFED_LOG_SECURITY",
        ),
        ({"store_url": "http://e:9200/p", "store_api_key": "hunter2"}, WARNING, "STACFED_STORE_URL"),
        ({"delivery_deadline_s": 1, "store_refresh_ms": 5000}, WARNING, "STACFED_STORE_REFRESH_MS"),
        ({"alerts": ("log:",)}, WARNING, "STACFED_ALERTS"),
    ],
)
def test_settings_that_an_operator_hardly_wants(told: dict[str, Any], level: str, about: str) -> None:
    [advice] = settings_advice(Settings(**(TOLD | told)))
    assert (advice.level, advice.about) == (level, about)
    assert advice.do
    assert "hunter2" not in str(advice)


CONFIG = {"retention.ms": "-1", "cleanup.policy": "delete"}


def test_a_topic_as_it_should_be() -> None:
    found = list(topic_advice(4, CONFIG, TopicFacts("t", 4, {**CONFIG, "other": "x"}, 3, 3)))
    assert levels(found) == [FINE]


def test_every_fault_of_a_topic_is_told() -> None:
    facts = TopicFacts("t", 3, {"retention.ms": "604800000", "cleanup.policy": "delete"}, 3, 1)
    found = list(topic_advice(4, CONFIG, facts))
    assert levels(found) == [ERROR, ERROR, WARNING]
    assert "3 partitions, not 4" in found[0].detail
    assert "retention.ms=-1" in found[1].do
    assert "1 of 3 copies" in found[2].detail


def test_a_missing_topic_is_told_once() -> None:
    [advice] = topic_advice(4, CONFIG, TopicFacts("t"))
    assert (advice.level, advice.detail) == (ERROR, "is missing")


def test_lag_is_told_by_partition() -> None:
    [advice] = lag_advice("g", "t", [10, 20], [10, 15])
    assert advice == Advice(FINE, "group g", "lag of t by partition 0: 0, 1: 5")
    [advice] = lag_advice("g", "t", [LAG_WARNED + 1], [0])
    assert advice.level == WARNING


def test_a_group_that_has_read_more_than_there_is_has_another_log() -> None:
    found = list(lag_advice("g", "t", [10, 20], [10, 21]))
    assert levels(found) == [ERROR, FINE]
    assert "t/1 up to 21" in found[0].detail


def test_rules_as_they_should_be_are_counted() -> None:
    [advice] = rules_advice(RulesSeen(3, ("cmip6 6.2.60.0",), {}, 18))
    assert advice == Advice(FINE, "the rules", "3 profiles, cmip6 6.2.60.0 in use, 18 schemas")
    [advice] = rules_advice(RulesSeen(1, (), {}, 1))
    assert advice.detail == "1 profile, no vocabulary in use, 1 schema"


def test_a_project_without_a_vocabulary_is_told_with_what_is_known_of_it() -> None:
    lacking = {"cmip7": ((), False), "cmip6": (("6.1", "6.2"), True)}
    found = list(rules_advice(RulesSeen(4, (), lacking, 0)))
    assert levels(found) == [ERROR, WARNING, FINE]
    assert found[0].do == "stacfed cv use cmip6 6.1 or 6.2"
    assert "refused" in found[0].detail
    assert found[1].do.startswith("stacfed cv import")
    assert found[1].do.endswith("stacfed cv use cmip7 VERSION")


def test_folders_that_cannot_be_read_are_errors() -> None:
    found = list(
        rules_advice(RulesSeen(0, (), {}, 0, faults=("own.yaml:3: an unknown key", "b.yaml: no text")))
    )
    assert levels(found) == [ERROR, ERROR]  # and nothing is counted
    assert found[0].detail == "own.yaml:3: an unknown key"
    found = list(rules_advice(RulesSeen(4, (), {}, 0, damaged=("x.json: is damaged",))))
    assert levels(found) == [ERROR, FINE]


def test_records_kept_aside_are_counted_with_what_they_miss() -> None:
    assert list(unchecked_advice(0, [])) == []
    [advice] = unchecked_advice(7, ["profile own 2", "vocabulary cmip6 6.2"])
    assert levels([advice]) == [WARNING]
    assert advice.detail == "7 applied unchecked for want of profile own 2, vocabulary cmip6 6.2"
