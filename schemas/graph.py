"""Several documents together: what each needs of the others, and whether a validator could run for ever in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from schemas.errors import Fault
from schemas.outline import APPLIED, DRAFT_7, HERE, Outline

STEPS_MAX = 10_000_000  # of a validator, for an item that has every member that a schema speaks of

Node = tuple[str, str]  # the URI of a document, the pointer of a schema in it
LEAVES = frozenset({DRAFT_7})  # documents that the validator brings along


class Graph:
    """Documents by their URI: `known` answers the outline of a URI, or None."""

    def __init__(self, known: Callable[[str], Outline | None]) -> None:
        self._known = known

    def needed(self, uri: str) -> dict[str, Outline]:
        """The document and all that it refers to, directly or not, as far as they are known."""
        found: dict[str, Outline] = {}
        waiting = [uri]
        while waiting:
            name = waiting.pop()
            own = self._known(name)
            if own is None or name in found:
                continue
            found[name] = own
            waiting.extend(
                reference.partition("#")[0]
                for _, reference in own.references()
                if own.find(reference) is None
            )
        return found

    def unresolved(self, uri: str) -> Iterator[tuple[str, str, str]]:
        """(pointer, URI referred to, reason) of every reference of one document that leads nowhere."""
        own = self._known(uri)
        for place, reference in own.references() if own else ():
            if self._target(uri, reference) is None:
                document = reference.partition("#")[0]
                there = document == place.base or self._known(document) is not None
                yield place.pointer, reference, "has no such place" if there else "is not known here"

    def faults(self, uri: str) -> Iterator[Fault]:
        """What makes the checks with one document endless, or as good as endless."""
        own = self._known(uri)
        places = (
            [(uri, pointer) for pointer in reversed(own.places)] if own else []
        )  # the first one is on top
        _, circles = self._ordered(places, HERE)
        for where, pointer in circles[:1]:
            yield Fault(
                "", pointer, "refers to itself without going deeper into the value." + _at(where, uri)
            )
        if not circles and self._steps(uri) > STEPS_MAX:
            yield Fault("", "", f"can take more than {STEPS_MAX} steps to check one item.")

    def is_recursive(self, uri: str) -> bool:
        """Whether checks go as deep as the value does."""
        order, circles = self._ordered([(uri, "")], APPLIED)
        return bool(circles) or any(name in LEAVES for name, _ in order)

    def _steps(self, uri: str) -> int:
        """How many schemas are applied where every member and every alternative is; a circle counts once."""
        order, _ = self._ordered([(uri, "")], APPLIED)
        steps: dict[Node, int] = {}
        for node in order:
            inner = sum(steps.get(each, 0) for each in self._edges(node, APPLIED))
            steps[node] = min(1 + inner, STEPS_MAX + 1)
        return steps[(uri, "")]

    def _ordered(self, starts: Iterable[Node], keywords: frozenset[str]) -> tuple[list[Node], list[Node]]:
        """All that can be reached, each after what it leads to, and the nodes that lead back to themselves."""
        order: list[Node] = []
        circles: list[Node] = []
        done: dict[Node, bool] = {}  # False: on the way
        stack = [(start, False) for start in starts]
        while stack:
            node, left = stack.pop()
            if left:
                done[node] = True
                order.append(node)
                continue
            if node in done:
                continue
            done[node] = False
            stack.append((node, True))
            for each in self._edges(node, keywords):
                if done.get(each) is False:
                    circles.append(each)
                elif each not in done:
                    stack.append((each, False))
        return order, circles

    def _edges(self, node: Node, keywords: frozenset[str]) -> list[Node]:
        own = self._known(node[0])
        place = own.places.get(node[1]) if own else None
        if own is None or place is None:
            return []
        reference = place.reference
        target = None if reference is None else self._target(node[0], reference)
        found = [] if target is None else [target]
        if reference is not None and own.draft == DRAFT_7:  # the neighbours of a reference mean nothing
            return found
        return found + [(node[0], inner) for name, inner in own.children[node[1]] if name in keywords]

    def _target(self, uri: str, reference: str) -> Node | None:
        own, document = self._known(uri), reference.partition("#")[0]
        if own is not None and (pointer := own.find(reference)) is not None:
            return uri, pointer
        if document in LEAVES:
            return document, ""
        other = self._known(document)
        pointer = other.find(reference) if other is not None else None
        return None if pointer is None else (document, pointer)


def _at(where: str, uri: str) -> str:
    return "" if where == uri else f" It is in {where}."
