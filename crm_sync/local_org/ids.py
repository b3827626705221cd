"""Record ids: 15 characters that mind case, 18 with a checksum that does not.

Turns a key prefix and a counter into an id, and a written id into its 18-character form. Called by records,
rows, bulk and oauth. Not here: which prefix belongs to which object (standard objects and metadata say).
"""

from __future__ import annotations

import re

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_POD = "Lo0"

ORGANIZATION_ID = "00D000000000000EAA"
MASTER_RECORD_TYPE_ID = "012000000000000AAA"


def checksum(id15: str) -> str:
    """Compute the three characters that make a 15-character id safe in stores that ignore case."""
    return "".join(_CHECKSUM[sum(1 << k for k, c in enumerate(id15[j : j + 5]) if "A" <= c <= "Z")] for j in (0, 5, 10))


def normal(written: str) -> str | None:
    """Give the 18-character form of an id written with 15 or 18 characters, or None when it is no id.

    A wrong checksum is refused; a checksum written in small letters is accepted, as the service does.
    """
    if not _SHAPE.fullmatch(written):
        return None
    expected = checksum(written[:15])
    if len(written) == 18 and written[15:].upper() != expected:
        return None
    return written[:15] + expected


def base62(number: int, width: int) -> str:
    """Write a number in digits, capitals and small letters, so that text order is number order."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def make(prefix: str, number: int) -> str:
    """Make the 18-character id of the n-th record of the object with this key prefix."""
    id15 = prefix + _POD + base62(number, 9)
    return id15 + checksum(id15)


def custom_prefix(number: int) -> str:
    """Give the key prefix of the n-th custom object: a00, a01, ..., in the service's own order."""
    return "a" + base62(number, 2)
