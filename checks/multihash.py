"""Checksums as multihashes in hexadecimal: the code of the hash, the length of the digest, the digest.

The codes are those of the public multicodec table; both numbers are unsigned varints. A hash is known here when it
has a fixed length and is meant for content: `identity` and the short checksums are not.
"""

from __future__ import annotations

EXPECTED = "a multihash in hexadecimal, such as 1220 and the 64 digits of a SHA-256"
VARINT_BYTES_MAX = 4

KINDS: dict[int, tuple[str, int]] = {
    0x11: ("sha1", 20),
    0x12: ("sha2-256", 32),
    0x13: ("sha2-512", 64),
    0x14: ("sha3-512", 64),
    0x15: ("sha3-384", 48),
    0x16: ("sha3-256", 32),
    0x17: ("sha3-224", 28),
    0x18: ("shake-128", 32),
    0x19: ("shake-256", 64),
    0x1A: ("keccak-224", 28),
    0x1B: ("keccak-256", 32),
    0x1C: ("keccak-384", 48),
    0x1D: ("keccak-512", 64),
    0x1E: ("blake3", 32),
    0x20: ("sha2-384", 48),
    0x56: ("dbl-sha2-256", 32),
    0xD4: ("md4", 16),
    0xD5: ("md5", 16),
    0x1013: ("sha2-224", 28),
    0x1014: ("sha2-512-224", 28),
    0x1015: ("sha2-512-256", 32),
    0x1052: ("ripemd-128", 16),
    0x1053: ("ripemd-160", 20),
    0x1054: ("ripemd-256", 32),
    0x1055: ("ripemd-320", 40),
    0x534D: ("sm3-256", 32),
    **{0xB200 + size: (f"blake2b-{8 * size}", size) for size in range(1, 65)},
    **{0xB240 + size: (f"blake2s-{8 * size}", size) for size in range(1, 33)},
    **{0xB300 + size: (f"skein256-{8 * size}", size) for size in range(1, 33)},
    **{0xB320 + size: (f"skein512-{8 * size}", size) for size in range(1, 65)},
    **{0xB360 + size: (f"skein1024-{8 * size}", size) for size in range(1, 129)},
}
"""code: (name, bytes of the digest)."""

# Digits of a bare digest: its usual name, and what a multihash of it begins with.
_BARE = {
    32: ("MD5", "d50110"),
    40: ("SHA-1", "1114"),
    64: ("SHA-256", "1220"),
    96: ("SHA-384", "2030"),
    128: ("SHA-512", "1340"),
}


def fault(text: str) -> str | None:
    """What is wrong with a checksum, as the end of a sentence; None where it is a multihash of a known kind."""
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        return _no_hexadecimal(text)
    if 2 * len(octets) != len(text):  # fromhex skips white space
        return _no_hexadecimal(text)
    if len(octets) == 34 and octets[0] == 0x12 and octets[1] == 0x20:
        return None
    if not octets:
        return "is empty"
    said, begins_well = _read(octets)
    if said is not None and not begins_well and len(text) in _BARE:
        name, prefix = _BARE[len(text)]
        return f"looks like a plain {name}: write {prefix} before it"
    return said


def _read(octets: bytes) -> tuple[str | None, bool]:
    """What is wrong, and whether at least the code and the length go together: no digest does so by chance."""
    code, start = _varint(octets, 0)
    if code is None:
        return "does not begin with the code of a hash", False
    if code not in KINDS:
        return f"begins with {octets[:start].hex()}, which is no known kind of hash", False
    name, size = KINDS[code]
    declared, start = _varint(octets, start)
    if declared is None:
        return f"does not say how long its digest of {name} is", False
    if declared != size:
        return f"declares {_bytes(declared)} of {name}, which has {size}", False
    carried = len(octets) - start
    return (None if carried == size else f"declares {_bytes(size)} of {name} but carries {carried}"), True


def _varint(octets: bytes, start: int) -> tuple[int | None, int]:
    """The number at `start` and where it ends; None where it is cut off, too long, or not in its shortest form."""
    value = 0
    for count, octet in enumerate(octets[start : start + VARINT_BYTES_MAX]):
        value |= (octet & 0x7F) << (7 * count)
        if octet < 0x80:
            return (None if octet == 0 and count else value), start + count + 1
    return None, start


def _no_hexadecimal(text: str) -> str:
    for place, letter in enumerate(text):
        if letter not in "0123456789abcdefABCDEF":
            return f"must be hexadecimal digits; {letter!r} at position {place} is none"
    return f"has an odd number of hexadecimal digits, {len(text)}"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"
