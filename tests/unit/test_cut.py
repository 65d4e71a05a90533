"""The cut of a batch: each part holds a key at most once, each key keeps its order (law 5)."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from stream.consume import Delivery, one_event_per_key, whole
from stream.log import Record, TopicPartition

Batch = list[Delivery[int]]
PLACE = TopicPartition("t", 0)


def batch(keys: list[str]) -> Batch:
    """One message a key, in this order; each says where it stood."""
    return [Delivery(Record(PLACE, n, key, b""), key, n) for n, key in enumerate(keys)]


BATCHES = st.lists(st.sampled_from("abcde"), max_size=60).map(batch)


@given(BATCHES)
def test_each_part_holds_each_key_at_most_once(found: Batch) -> None:
    for part in one_event_per_key(found):
        assert part
        assert Counter(delivery.key for delivery in part).most_common(1)[0][1] == 1


@given(BATCHES)
def test_the_parts_are_the_batch_and_each_key_keeps_its_order(found: Batch) -> None:
    flat = [delivery for part in one_event_per_key(found) for delivery in part]
    assert sorted(flat, key=lambda delivery: delivery.message) == found
    for key in {delivery.key for delivery in found}:
        assert [one for one in flat if one.key == key] == [one for one in found if one.key == key]


@given(BATCHES)
def test_there_are_no_more_parts_than_the_busiest_key_needs(found: Batch) -> None:
    busiest = Counter(delivery.key for delivery in found).most_common(1)
    assert len(list(one_event_per_key(found))) == (busiest[0][1] if busiest else 0)


@given(BATCHES)
def test_a_message_never_waits_without_need(found: Batch) -> None:
    """It is in the part after that of its key's message before it, and within a part the order is the batch's."""
    for turn, part in enumerate(one_event_per_key(found)):
        assert [one.message for one in part] == sorted(one.message for one in part)
        for delivery in part:
            assert [one.key for one in found[: delivery.message]].count(delivery.key) == turn


@given(BATCHES)
def test_whole_is_no_cut(found: Batch) -> None:
    assert list(whole(found)) == [found]
