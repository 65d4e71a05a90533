"""Checksums: whole multihashes of known kinds pass, and each fault is said."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.multihash import KINDS, fault

SHA256 = hashlib.sha256(b"x").hexdigest()


def varint(number: int) -> bytes:
    octets = bytearray()
    while number >= 0x80:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*octets, number])


@pytest.mark.parametrize("code", KINDS)
def test_every_known_kind_passes_in_either_case_and_no_other_length(code: int) -> None:
    name, size = KINDS[code]
    whole = (varint(code) + varint(size) + bytes(range(size))).hex()
    assert fault(whole) is None
    assert fault(whole.upper()) is None
    declared = "1 byte" if size == 1 else f"{size} bytes"
    assert fault(whole[:-2]) == f"declares {declared} of {name} but carries {size - 1}"
    assert fault(whole + "00") == f"declares {declared} of {name} but carries {size + 1}"


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("sha1", "1114"),
        ("sha256", "1220"),
        ("sha512", "1340"),
        ("sha3_256", "1620"),
        ("sha384", "2030"),
        ("md5", "d50110"),
        ("sha224", "93201c"),
        ("blake2b", "c0e40240"),
        ("blake2s", "e0e40220"),
    ],
)
def test_what_hashlib_makes_passes(name: str, prefix: str) -> None:
    assert fault(prefix + hashlib.new(name, b"x").hexdigest()) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("1220" + SHA256[:-1], "has an odd number of hexadecimal digits, 67"),
        ("1220" + SHA256[:-2], "declares 32 bytes of sha2-256 but carries 31"),
        ("1220" + SHA256 + "00", "declares 32 bytes of sha2-256 but carries 33"),
        ("1214" + SHA256[:40], "declares 20 bytes of sha2-256, which has 32"),
        ("1201" + SHA256[:2], "declares 1 byte of sha2-256, which has 32"),
        ("12", "does not say how long its digest of sha2-256 is"),
        ("80", "does not begin with the code of a hash"),
        ("9200" + "20" + SHA256, "does not begin with the code of a hash"),  # not the shortest form of 0x12
        ("ffffffffff0120" + SHA256, "does not begin with the code of a hash"),
        ("0020" + SHA256, "begins with 00, which is no known kind of hash"),
        ("b2c80120" + SHA256, "begins with b2c801, which is no known kind of hash"),
        ("sha256:" + SHA256, "must be hexadecimal digits; 's' at position 0 is none"),
        ("0x1220" + SHA256, "must be hexadecimal digits; 'x' at position 1 is none"),
        ("1220 " + SHA256, "must be hexadecimal digits; ' ' at position 4 is none"),
        ("1220" + SHA256 + "\n", "must be hexadecimal digits; '\\n' at position 68 is none"),
        ("１２２０" + SHA256, "must be hexadecimal digits; '１' at position 0 is none"),  # noqa: RUF001
        (SHA256, "looks like a plain SHA-256: write 1220 before it"),
        (hashlib.md5(b"x").hexdigest(), "looks like a plain MD5: write d50110 before it"),
        (hashlib.sha1(b"x").hexdigest(), "looks like a plain SHA-1: write 1114 before it"),
        (hashlib.sha384(b"x").hexdigest(), "looks like a plain SHA-384: write 2030 before it"),
        (hashlib.sha512(b"x").hexdigest(), "looks like a plain SHA-512: write 1340 before it"),
    ],
)
def test_each_fault_is_said(text: str, said: str) -> None:
    assert fault(text) == said


def test_what_is_told_to_write_is_right() -> None:
    for name in ("md5", "sha1", "sha256", "sha384", "sha512"):
        plain = hashlib.new(name, b"x").hexdigest()
        match = re.search("write ([0-9a-f]+) before it", fault(plain) or "")
        assert match is not None
        assert fault(match[1] + plain) is None


@given(st.text() | st.binary(max_size=80).map(bytes.hex))
def test_any_text_has_a_verdict(text: str) -> None:
    said = fault(text)
    assert said is None or (said and not said.endswith("."))


def test_a_long_one_is_cheap() -> None:
    assert fault("00" * 10_000_000) == "begins with 00, which is no known kind of hash"
