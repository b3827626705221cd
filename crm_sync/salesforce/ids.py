"""Salesforce record ids: 15 or 18 characters in, checked 18 characters out. Called at every edge that takes an id.

15-character ids differ in case alone, so they are never lowered or compared as they are; the last three characters of
the long form carry that case. Not here: which object a prefix belongs to (describe says).
"""

from __future__ import annotations

import re

_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def to_18(record_id: str) -> str:
    """Return the 18-character form; raises ValueError when the text is no id or its checksum is wrong."""
    if not _SHAPE.fullmatch(record_id):
        raise ValueError(f"{record_id!r} is not a Salesforce id: expected 15 or 18 letters and digits")
    short = record_id[:15]
    full = short + "".join(_case_letter(short[start : start + 5]) for start in (0, 5, 10))
    if len(record_id) == 18 and record_id != full:
        raise ValueError(f"{record_id!r} is not a Salesforce id: its last three letters should be {full[15:]!r}")
    return full


def is_id(text: str) -> bool:
    """Whether this text is a well-formed id, checksum included."""
    try:
        to_18(text)
    except ValueError:
        return False
    return True


def _case_letter(five: str) -> str:
    return _ALPHABET[sum(1 << place for place, letter in enumerate(five) if "A" <= letter <= "Z")]
