"""Terms: everything that a record can be found by, in one keyword field, so that no name is ever part of a mapping.

A term is the property's name, NUL, a letter, and a code. Under one letter the order of the codes is the order of the
values, so that the one field serves equality, ranges and patterns. The letters:

- A, B, C: truth values, numbers, and long texts (by their hash: those are compared for equality alone).
- D to H: texts as they are. The letter says which folds of the text (see `catalogue.folds`) are the text itself.
- I, J: the same for texts that name an instant; K: that instant, followed by the text.
- M to R: texts folded, where that is another text; the letter says by which folds.

So a comparison with a fold asks for those letters that stand for it, and a text of lower-case ASCII costs one term.
A to J hold each element once: "no other element than these" is a matter of the gaps between them.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from functools import lru_cache

from catalogue.facts import is_long
from catalogue.filters import Scalar
from catalogue.folds import Fold, folded
from catalogue.instants import EARLIEST, instant_of

TRUTH, NUMBER, LONG, INSTANT = "A", "B", "C", "K"
FIRST, LAST, LAST_BUT_TIMES = "A", "J", "H"  # of the letters that hold each element once
LOCATED = "\0g"  # is no property's term: after the name "" no such letter follows
NAME_BYTES_MAX = 8192  # longer names go by their hash
CODE_CHARACTERS_MAX = 8192  # more than any folded text can have that was not long
_RAW = 1  # and by folds: 2 is CASE, 4 is ACCENTS, 8 is both
_BITS = {Fold.NONE: _RAW, Fold.CASE: 2, Fold.ACCENTS: 4, Fold.BOTH: 8}
# No other sums of bits exist: what equals its own BOTH has no accents, and what has neither case nor accents to lose
# equals its own BOTH.
_PLAIN = {1: "D", 3: "E", 5: "F", 13: "G", 15: "H"}
_TIMES = {5: "I", 15: "J"}
_FOLDED = {2: "M", 4: "N", 8: "O", 10: "P", 12: "Q", 14: "R"}
_LETTERS = {
    fold: tuple(letter for table in (_PLAIN, _TIMES, _FOLDED) for mask, letter in table.items() if mask & bit)
    for fold, bit in _BITS.items()
}
_ONLY_FOLDED = {
    fold: tuple(letter for mask, letter in _FOLDED.items() if mask & bit) for fold, bit in _BITS.items()
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_LEAST_BEYOND = "\ue000"  # the least character beyond the surrogates
_INSTANT_MOST = 16**15 - 1  # more than the years have
_RESIDUE_BEYOND = 0xFFF  # 64-bit integers have less


def equal_terms(name: str, value: Scalar, fold: Fold = Fold.NONE) -> list[str]:
    """Whose element equals the value has one of these terms, and nobody else has."""
    start = start_of(name)
    if not isinstance(value, str):
        code = scalar_code(value)
        return [] if code is None else [start + code]
    if _SURROGATE.search(value):
        return []
    if fold is Fold.NONE:
        return [start + _text_code(value)]
    if len(value) > CODE_CHARACTERS_MAX or folded(value, fold) != value:
        return []
    found = [start + letter + value for letter in _ONLY_FOLDED[fold]]
    return found if is_long(value) else [*found, start + _text_code(value)]


def text_letters(fold: Fold) -> tuple[str, ...]:
    """Under which letters there are all texts that are not long, folded so."""
    return _LETTERS[fold]


def scalar_code(value: float) -> str | None:
    """The letter and code of a truth value or a number; None for NaN."""
    if isinstance(value, bool):
        return TRUTH + "01"[value]
    return None if value != value else NUMBER + number_code(value)


def element_code(value: Scalar) -> str | None:
    """The letter and code that every such element, and no other one, has exactly once; None where there is none."""
    if isinstance(value, str):
        return None if _SURROGATE.search(value) else _text_code(value)
    return scalar_code(value)


@lru_cache(maxsize=16384)
def number_code(number: float) -> str:
    """Digits in the order of all numbers but NaN: of the greatest double that is not above it, and of what is left.

    Equal numbers have equal codes, and others have not, as long as they are doubles or integers of 64 bits. What lies
    beyond the doubles is infinite.
    """
    left = 0
    if isinstance(number, int):
        try:
            double = float(number)
        except OverflowError:
            double = -math.inf if number < 0 else math.inf
        else:
            if int(double) > number:
                double = math.nextafter(double, -math.inf)
            left = min(number - int(double), _RESIDUE_BEYOND)
    else:
        double = number
    bits: int = struct.unpack(">Q", struct.pack(">d", double + 0.0))[0]  # + 0.0 takes the sign from zero
    bits ^= 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63
    return f"{bits:016x}{left:03x}" if left else f"{bits:016x}"


def number_of(code: str) -> int | float:
    """The number that has this code; an integer where it is one."""
    bits = int(code[:16], 16)
    bits ^= 1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF
    double: float = struct.unpack(">d", struct.pack(">Q", bits))[0]
    return int(double) + int(code[16:] or "0", 16) if double.is_integer() else double


def instant_code(us: int) -> str:
    """Digits in the order of time, for microseconds as in an Instant."""
    return f"{min(max(us - EARLIEST.us, 0), _INSTANT_MOST):015x}"


def text_bound(text: str, *, low: bool, inclusive: bool) -> tuple[str, bool]:
    """A bound that means the same for every text that a record can hold, and whether it is in itself."""
    odd = _SURROGATE.search(text)
    if odd:  # half a pair, which no text of a record has
        text, inclusive = text[: odd.start()] + _LEAST_BEYOND, low
    if len(text) > CODE_CHARACTERS_MAX:
        return text[:CODE_CHARACTERS_MAX], not low
    return text, inclusive


def is_text(text: str) -> bool:
    """Whether a record can hold it: not with half a pair of surrogates."""
    return _SURROGATE.search(text) is None


@lru_cache(maxsize=4096)
def start_of(name: str) -> str:
    """What the terms of a property begin with, before the letter: its name, unless that is too long, and NUL."""
    if is_short(name):
        return name.replace("\0", "\0\0") + "\0"
    return f"\0#{name_hash(name)}\0"


def is_short(name: str) -> bool:
    """Whether a name stands for itself; one that is too long, or that no record has, goes by its hash."""
    return is_text(name) and len(name.encode()) <= NAME_BYTES_MAX


def name_hash(name: str) -> str:
    """Hex digits, for any name at all."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def element_terms(name: str, value: Scalar) -> list[str]:
    """All terms of one element of a property."""
    start = start_of(name)
    if not isinstance(value, str):
        code = scalar_code(value)
        return [] if code is None else [start + code]
    if is_long(value):
        return [start + _text_code(value)]
    instant = instant_of(value)
    if instant is None:
        if value.isascii():  # the same as below, in a fraction of the time
            lower = value.lower()
            return [f"{start}H{value}"] if lower == value else [f"{start}F{value}", f"{start}P{lower}"]
        return [start + (_PLAIN if mask & _RAW else _FOLDED)[mask] + text for mask, text in _forms(value)]
    found = [start + (_TIMES if mask & _RAW else _FOLDED)[mask] + text for mask, text in _forms(value)]
    return [*found, start + INSTANT + instant_code(instant.us) + value]


def _text_code(text: str) -> str:
    if is_long(text):
        return LONG + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    mask = next(mask for mask, _ in _forms(text) if mask & _RAW)
    return (_PLAIN if instant_of(text) is None else _TIMES)[mask] + text


def _forms(text: str) -> list[tuple[int, str]]:
    """The text and its folds, each different one once, with the bits of what it stands for."""
    if text.isascii():
        lower = text.lower()
        return [(15, text)] if lower == text else [(5, text), (10, lower)]
    found: dict[str, int] = {}
    for fold, bit in _BITS.items():
        form = folded(text, fold)
        found[form] = found.get(form, 0) | bit
    return [(mask, form) for form, mask in found.items()]
