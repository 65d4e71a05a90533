"""Text of profiles: a strict YAML, read without surprises and within limits."""

from __future__ import annotations

import json
import time

import pytest

from catalogue.yaml_text import DEPTH_MAX, TEXT_BYTES_MAX, VALUES_MAX, YamlFault, read_yaml


def fault(text: str) -> tuple[int, str]:
    with pytest.raises(YamlFault) as caught:
        read_yaml(text)
    return caught.value.line, str(caught.value)


def test_values_and_their_lines() -> None:
    found = read_yaml("# a comment\na: 1\nb:\n  - x\n  - {c: [2.5, true]}\n'd': |\n  two\n  lines\n")
    assert found.value == {"a": 1, "b": ["x", {"c": [2.5, True]}], "d": "two\nlines\n"}
    places: dict[tuple[str | int, ...], int] = {
        ("a",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 1, "c", 1): 5,
        ("d",): 6,
    }
    assert {path: found.line(path) for path in places} == places
    assert found.line(("b", 1, "missing")) == 5
    assert found.line(("missing",)) == 2  # where the document begins


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("2020-01-01", "2020-01-01"), ("1_000", "1_000"),
        ("0o17", "0o17"), ("017", "017"), ("0x1F", "0x1F"), (".inf", ".inf"), (".nan", ".nan"), ("1e5", "1e5"),
        ("12:30:45", "12:30:45"), ("2.1.0", "2.1.0"), ("=", "="), ("'1'", "1"), ('"true"', "true"),
        ("true", True), ("false", False), ("null", None), ("~", None), ("-12", -12), ("-1.50", -1.5), ("0", 0),
        ("9" * 40, "9" * 40),
    ],
)  # fmt: skip
def test_scalars(text: str, value: object) -> None:
    found = read_yaml(f"a: {text}").value["a"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_text() -> None:
    assert read_yaml("1: a\nnull: b\ntrue: c\n<<: {x: d}").value == {
        "1": "a", "null": "b", "true": "c", "<<": {"x": "d"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3", 3, "the key `a` is there twice"),
        ("a:\n  - {x: 1,\n     x: 2}", 3, "the key `x` is there twice"),
        ("a: &name x", 1, "anchors such as `&name`"),
        ("a: 1\nb: *name", 2, "aliases such as `*name`"),
        ("a: !!python/object/apply:os.system [x]", 1, "tags such as"),
        ("a: !!binary aGk=", 1, "tags such as"),
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("", 1, "holds no document"),
        ("# nothing", 1, "holds no document"),
        ("a: 1\nb: [", 2, "this is not YAML"),
        ("a: 1\n  b: 2", 2, "this is not YAML"),
        ("a: 'x", 1, "this is not YAML"),
        ("a: 1\n\tb: 2", 2, "this is not YAML"),
        ("a: 1\nb: \x07", 2, "the character"),
        ("? [a, b]\n: c", 1, "a key must be text"),
    ],
)
def test_faults_name_their_line(text: str, line: int, said: str) -> None:
    found, message = fault(text)
    assert said in message
    assert found == line


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = 'a: &a ["x","x"]\n' + "".join(
        f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert fault(bomb) == (1, "anchors such as `&a` are not allowed")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "- - - - "])
def test_a_deep_text_is_refused(opening: str) -> None:
    _, message = fault(opening * 10_000)
    assert message == f"values are nested deeper than {DEPTH_MAX}"


def test_depth_up_to_the_limit() -> None:
    assert read_yaml("[" * DEPTH_MAX + "]" * DEPTH_MAX).value == json.loads("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    assert fault("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1))[0] == 1


def test_a_long_text_is_refused_unread() -> None:
    assert len(read_yaml("a: '" + "x" * (TEXT_BYTES_MAX - 5) + "'").value["a"]) == TEXT_BYTES_MAX - 5
    assert "longer than" in fault("a: '" + "x" * (TEXT_BYTES_MAX - 4) + "'")[1]
    assert "longer than" in fault("é" * (TEXT_BYTES_MAX // 2 + 1))[1]


def test_many_values_are_refused_soon() -> None:
    start = time.process_time()
    _, message = fault("[" + "0," * (TEXT_BYTES_MAX // 2 - 2) + "]")
    assert message == f"there are more than {VALUES_MAX} values"
    assert time.process_time() - start < 10
