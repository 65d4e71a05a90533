"""Keys, partitions and positions."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from stream import keys, position
from tests.support import cmip6


@given(st.binary(max_size=300))
def test_murmur2_is_the_one_of_other_kafka_clients(data: bytes) -> None:
    assert keys.murmur2(data) == murmur2_of_aiokafka(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_the_one_of_kafka(data: bytes, expected: int) -> None:
    # The values of Kafka's own UtilsTest, which are signed.
    assert keys.murmur2(data) == expected % (1 << 32)


@given(st.text(max_size=60), st.integers(1, 1000))
def test_partition_is_in_range_and_stable(key: str, partitions: int) -> None:
    found = keys.partition_of(key, partitions)
    assert 0 <= found < partitions
    assert found == (murmur2_of_aiokafka(key.encode()) & 0x7FFFFFFF) % partitions


def test_datasets_spread_over_partitions() -> None:
    found = [keys.partition_of(keys.dataset_key("CMIP6", name), 12) for name in cmip6.sample_ids(1200)]
    assert min(found.count(partition) for partition in range(12)) > 50


@pytest.mark.parametrize("value", ["a", "a.b-c_d", "x" * 200, "ß" * 100, "with space"])
def test_valid_ids(value: str) -> None:
    assert keys.valid_id(value)


@pytest.mark.parametrize(
    "value", ["", "a/b", "x" * 201, "ß" * 101, "line\nbreak", "null\0", "\ud800", None, 5, ["a"], b"a"]
)
def test_invalid_ids(value: object) -> None:
    assert not keys.valid_id(value)


@given(st.integers(1, position.GENERATION_MAX), st.integers(0, position.OFFSET_MAX))
def test_a_position_is_generation_and_offset(generation: int, offset: int) -> None:
    found = position.position(generation, offset)
    assert found == generation << 40 | offset
    assert 0 < found < 1 << 63
    assert position.split(found) == (generation, offset)


@given(st.tuples(st.integers(1, 9), st.integers(0, 99)), st.tuples(st.integers(1, 9), st.integers(0, 99)))
def test_positions_are_in_the_order_of_generation_then_offset(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    assert (position.position(*one) < position.position(*two)) == (one < two)


@pytest.mark.parametrize(
    ("generation", "offset"),
    [(0, 0), (-1, 0), (position.GENERATION_MAX + 1, 0), (1, -1), (1, position.OFFSET_MAX + 1)],
)
def test_what_does_not_fit_is_an_error(generation: int, offset: int) -> None:
    with pytest.raises(ValueError, match="is not in"):
        position.position(generation, offset)


def test_generation_suffix() -> None:
    assert [position.generation_suffix(generation) for generation in (1, 2, 13)] == ["", ".g2", ".g13"]
