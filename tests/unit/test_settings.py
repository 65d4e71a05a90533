from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from federation.handle_key import load_handle_key
from federation.settings import Settings, SettingsError, load_settings
from federation.urls import ElasticUrl, KafkaUrl, SqliteUrl


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("STACFED_"):
            monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value).splitlines()


def test_defaults_are_those_of_one_small_node() -> None:
    settings = load_settings()
    assert settings.log == SqliteUrl(Path("stacfed-data/log.db"))
    assert settings.store == SqliteUrl(Path("stacfed-data/local.db"))
    assert settings.expected_nodes == ("local",)
    assert settings.root_url is None


def test_every_field_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_NODE", "ceda.ac.uk")
    monkeypatch.setenv("STACFED_DATA_DIR", "kept")
    monkeypatch.setenv("STACFED_LOG_URL", "sqlite:common/log.db")
    monkeypatch.setenv("STACFED_EXPECTED_NODES", "ceda.ac.uk, dkrz.de,")
    monkeypatch.setenv("STACFED_ROOT_URL", "https://example.org/stac/")
    monkeypatch.setenv("STACFED_LOG_LEVEL", "debug")
    settings = load_settings()
    assert settings.log == SqliteUrl(Path("common/log.db"))
    assert settings.store == SqliteUrl(Path("kept/ceda.ac.uk.db"))
    assert settings.expected_nodes == ("ceda.ac.uk", "dkrz.de")
    assert settings.root_url == "https://example.org/stac"
    assert settings.log_level == "DEBUG"


def test_own_node_is_expected_when_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_NODE", "dkrz")
    assert load_settings().expected_nodes == ("dkrz",)


def test_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_PORT", "")
    assert load_settings().port == 8080


def test_each_wrong_variable_has_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refusal(monkeypatch, STACFED_PORT="eighty", STACFED_NODE="No Spaces", STACFED_PARTITIONS="1025")
    assert sorted(line.partition(": ")[0] for line in lines) == [
        "STACFED_NODE",
        "STACFED_PARTITIONS",
        "STACFED_PORT",
    ]


def test_engines_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_LOG_URL", "kafka://k1.example.org:9092,[::1]:9093/esgf.test")
    monkeypatch.setenv("STACFED_STORE_URL", "https://e1:9200,e2:9200/north")
    settings = load_settings()
    assert settings.log == KafkaUrl(("k1.example.org:9092", "[::1]:9093"), "esgf.test")
    assert settings.store == ElasticUrl(("https://e1:9200", "https://e2:9200"), "north")
    assert settings.topic_prefix == "esgf.test"


@pytest.mark.parametrize("name", ["STACFED_LOG_URL", "STACFED_STORE_URL"])
@pytest.mark.parametrize("url", ["amqp://user:hunter2@broker:9092", "hunter2.db", "sqlite:"])
def test_other_urls_are_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    [line] = refusal(monkeypatch, **{name: url})
    assert line.startswith(f"{name}: ")
    assert "sqlite:PATH" in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("name", "url", "says"),
    [
        ("LOG_URL", "kafka://user:hunter2@broker:9092/p", "settings of their own"),
        ("LOG_URL", "kafka://broker/p", "HOST:PORT"),
        ("LOG_URL", "kafka:broker:9092/p", "HOST:PORT"),
        ("LOG_URL", "kafka://broker:9092", "prefix"),
        ("LOG_URL", "kafka://broker:9092/a/b", "prefix"),
        ("LOG_URL", "kafka://broker:9092,/p", "HOST:PORT"),
        ("LOG_URL", "http://broker:9200/p", "kafka://HOST:PORT/PREFIX"),
        ("STORE_URL", "http://user:hunter2@es:9200/p", "settings of their own"),
        ("STORE_URL", "https://es:9200", "prefix"),
        ("STORE_URL", "https://es:9200/North", "prefix"),
        ("STORE_URL", "https://es:9200/a.b", "prefix"),
        ("STORE_URL", "kafka://es:9200/p", "http://HOST:PORT/PREFIX"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, says: str
) -> None:
    [line] = refusal(monkeypatch, **{f"STACFED_{name}": url})
    assert line.startswith(f"STACFED_{name}: ")
    assert says in line
    assert "hunter2" not in line


KAFKA, ELASTIC = "kafka://broker:9092/p", "https://es:9200/p"


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"LOG_USER": "u"}, ["STACFED_LOG_USER: is of no use: the log is not Kafka"]),
        ({"LOG_REPLICATION": "3"}, ["STACFED_LOG_REPLICATION: is of no use: the log is not Kafka"]),
        ({"STORE_SHARDS": "3"}, ["STACFED_STORE_SHARDS: is of no use: the store is not Elasticsearch"]),
        (
            {"LOG_URL": KAFKA, "LOG_USER": "u", "LOG_PASSWORD": "hunter2"},
            [
                f"STACFED_{name}: is of no use: STACFED_LOG_SECURITY is PLAINTEXT, without SASL"
                for name in ("LOG_USER", "LOG_PASSWORD")
            ],
        ),
        (
            {"LOG_URL": KAFKA, "LOG_SECURITY": "SASL_SSL", "LOG_USER": "u"},
            ["STACFED_LOG_SECURITY: SASL_SSL needs STACFED_LOG_USER and STACFED_LOG_PASSWORD"],
        ),
        (
            {"LOG_URL": KAFKA, "LOG_CA_FILE": __file__},
            ["STACFED_LOG_CA_FILE: is of no use: STACFED_LOG_SECURITY is PLAINTEXT, without TLS"],
        ),
        (
            {"LOG_URL": KAFKA, "LOG_SECURITY": "SSL", "LOG_CERT_FILE": __file__},
            ["STACFED_LOG_CERT_FILE: needs STACFED_LOG_KEY_FILE, too"],
        ),
        (
            {"LOG_URL": KAFKA, "LOG_SECURITY": "SSL", "LOG_CA_FILE": "/nowhere/ca.pem"},
            ["STACFED_LOG_CA_FILE: there is no file /nowhere/ca.pem"],
        ),
        (
            {"LOG_URL": KAFKA, "LOG_REPLICATION": "1", "LOG_MIN_INSYNC": "2"},
            ["STACFED_LOG_MIN_INSYNC: is more than STACFED_LOG_REPLICATION: nothing could be appended"],
        ),
        (
            {
                "STORE_URL": ELASTIC,
                "STORE_API_KEY": "hunter2",
                "STORE_USER": "u",
                "STORE_PASSWORD": "hunter2",
            },
            ["STACFED_STORE_USER: is of no use beside STACFED_STORE_API_KEY; set one of the two"],
        ),
        (
            {"STORE_URL": ELASTIC, "STORE_USER": "u"},
            ["STACFED_STORE_USER: needs STACFED_STORE_PASSWORD, too"],
        ),
    ],
)
def test_settings_that_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], lines: list[str]
) -> None:
    assert refusal(monkeypatch, **{f"STACFED_{name}": value for name, value in given.items()}) == lines


@pytest.mark.parametrize(
    ("misspelt", "nearest"),
    [("STACFED_PROT", "STACFED_PORT"), ("STACFED_DATADIR", "STACFED_DATA_DIR")],
)
def test_misspelt_variable_names_its_neighbour(
    monkeypatch: pytest.MonkeyPatch, misspelt: str, nearest: str
) -> None:
    assert refusal(monkeypatch, **{misspelt: "1"}) == [
        f"{misspelt}: there is no such setting; did you mean {nearest}?"
    ]


def test_variables_of_the_tests_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_SHARED", "somewhere")
    monkeypatch.setenv("STACFED_TEST_KAFKA", "broker:9092")
    load_settings()


def test_larger_limits_hold_the_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = refusal(monkeypatch, STACFED_MESSAGE_BYTES_MAX="1000")
    assert line == "STACFED_MESSAGE_BYTES_MAX: must be at least STACFED_ITEM_BYTES_MAX (4194304)"


def test_settings_are_frozen_and_closed() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Settings.model_validate({"prot": 1})


def test_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in repr(Settings(handle_key="hunter2" * 3))
    assert "hunter2" not in "".join(refusal(monkeypatch, STACFED_HANDLE_KEY="hunter2"))


def test_handle_key_is_drawn_once_and_only_for_its_owner(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    key = load_handle_key(settings)
    assert len(key) >= 43
    assert load_handle_key(settings) == key
    [file] = settings.data_dir.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("handle.key", 0o600)


def test_handle_key_of_the_operator_writes_no_file(tmp_path: Path) -> None:
    assert load_handle_key(Settings(data_dir=tmp_path, handle_key="k" * 16)) == "k" * 16
    assert list(tmp_path.iterdir()) == []


def test_handle_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_handle_key(Settings(data_dir=tmp_path))
    (tmp_path / "handle.key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_handle_key(Settings(data_dir=tmp_path))


def test_empty_handle_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "handle.key").touch(mode=0o600)
    with pytest.raises(SettingsError, match="holds no key"):
        load_handle_key(Settings(data_dir=tmp_path))
