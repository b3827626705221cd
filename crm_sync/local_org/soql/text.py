r"""Quoted strings: from what stood between the quotes to the value meant, or to a pattern of LIKE.

Escapes of the SOQL guide: \n \r \t \b \f \" \' \\ \uXXXX, and \_ \% for LIKE; any other backslash is refused.
Called by parse (check) and conditions. Not here: quoting of SQL, for values go as parameters.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[\s\S])")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%"}
_PLAIN |= {letter.upper(): _PLAIN[letter] for letter in "nrtbf"}
_PIECE = re.compile(r"\\(u[0-9a-fA-F]{4}|[\s\S])|[\s\S]")


def bad_escape(raw: str) -> int | None:
    """Return where in the string an escape stands that SOQL does not know, or None."""
    return next((m.start() for m in _ESCAPE.finditer(raw) if len(m[1]) == 1 and m[1] not in _PLAIN), None)


def value_of(raw: str) -> str:
    """Return the string meant."""
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda m: _meant(m[1]), raw)


def quoted(value: str) -> str:
    """Return the raw form of a value: what to put between the quotes."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def like_pattern(raw: str) -> str:
    r"""Return the pattern for SQL's LIKE with escape `\`: wildcards stay, escaped ones and backslashes are escaped."""
    return "".join(_like_piece(m) for m in _PIECE.finditer(raw))


def glob_pattern(raw: str) -> str:
    """Return the pattern for GLOB, the case-sensitive matching: % is *, _ is ?, GLOB's own marks are bracketed."""
    return "".join(_glob_piece(m) for m in _PIECE.finditer(raw))


def _meant(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) > 1 else _PLAIN[escape]


def _like_piece(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    meant = _meant(match[1])
    return "\\" + meant if meant in "\\%_" else meant


def _glob_piece(match: re.Match[str]) -> str:
    if match[1] is None and match[0] in "%_":
        return "*" if match[0] == "%" else "?"
    meant = match[0] if match[1] is None else _meant(match[1])
    return f"[{meant}]" if meant in "*?[" else meant
