r"""What stands between the braces of FIND, and whether a record's texts hold it.

    'ann* AND NOT "old mill"' --matcher--> predicate over the texts of a record's searched fields

Words and phrases, `*` (any letters) and `?` (one letter) inside a word, AND (also where nothing is said), OR, AND NOT and
parentheses; AND binds tighter than OR. Texts are split at everything that is no letter or digit, and case does not matter.
The words may be in different fields; a phrase, or a word with punctuation such as an e-mail address, is within one field.
Other reserved characters must be escaped by a backslash (SOSL guide, FIND). Called by sosl and by SQLite (functions).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, VisitError

from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported, located

Predicate = Callable[[str], bool]

FIELD_END = "\x1f"
_GRAMMAR = r"""
?either: every (_OR every)*
?every: _one (_AND? _one | _AND_NOT without)*
without: _one
_one: term | "(" either ")"
term: WORD | PHRASE
_AND_NOT.4: /AND\s+NOT(?![^\s()"])/i
_AND.3: /AND(?![^\s()"])/i
_OR.3: /OR(?![^\s()"])/i
PHRASE: /"(\\.|[^"\\])*"/s
WORD: /(\\.|[^\s()"\\&|!{}\[\]^~:'+-])+/s
%ignore /\s+/
"""
_SEPARATORS = re.compile(rf"(?:[^\w{FIELD_END}]|_)+")
_PIECE = re.compile(r"\\([\s\S])|([^\W_]+)|([*?])|[\s\S]")
_WILD = {"*": r"\w*", "?": r"\w"}


def matches(words: str, texts: str) -> bool:
    """Say whether the texts of a record, each ended by FIELD_END, hold what is looked for."""
    spaced = _SEPARATORS.sub(" ", texts.casefold()).replace(FIELD_END, f" {FIELD_END} ")
    return matcher(words)(f" {spaced} ")


@lru_cache(maxsize=256)
def matcher(words: str) -> Predicate:
    """Read what is looked for. Raises SoqlError; lark's UnexpectedInput where the text is not well formed."""
    tree = _grammar().parse(words)
    try:
        predicate: Predicate = _Builder().transform(tree)
    except VisitError as error:
        raise error.orig_exc from None
    if not any(len(token.strip('"')) > 1 for token in tree.scan_values(lambda value: isinstance(value, Token))):
        raise SoqlError("MALFORMED_SEARCH", f"search term must be longer than one character: {words.strip()}")
    return predicate


def check(words: str, text: str, start: int) -> None:
    """Refuse what is not well formed, at its place in the whole text; the words begin at `start`. Raises SoqlError."""
    try:
        matcher(words)
    except UnexpectedCharacters as error:
        at = start + (error.pos_in_stream or 0)
        reason = f"line {text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at) - 1} mismatched character"
        raise located("MALFORMED_SEARCH", text, at - 1, f"{reason} '{text[at]}' expecting '}}'") from None
    except UnexpectedInput:
        raise located("MALFORMED_SEARCH", text, start, f"unexpected token: '{words.strip()}'") from None


@cache
def _grammar() -> Lark:
    return Lark(_GRAMMAR, start="either", parser="lalr")


class _Builder(Transformer[Token, Any]):
    """Turns each rule into a predicate over spaced text; the method names are the rule names."""

    def either(self, parts: list[Predicate]) -> Predicate:
        return lambda texts: any(part(texts) for part in parts)

    def every(self, parts: list[Predicate]) -> Predicate:
        return lambda texts: all(part(texts) for part in parts)

    def without(self, parts: list[Predicate]) -> Predicate:
        return lambda texts: not parts[0](texts)

    def term(self, parts: list[Token]) -> Predicate:
        spaced = "".join(_piece(m) for m in _PIECE.finditer(parts[0].casefold().strip('"'))).split()
        if any(word.startswith(tuple(_WILD.values())) for word in spaced):
            raise SoqlUnsupported(f"a wildcard at the start of a search term: {parts[0]}")
        found = re.compile(" " + " ".join(spaced) + " ") if spaced else None
        return lambda texts: found is not None and found.search(texts) is not None


def _piece(match: re.Match[str]) -> str:
    """Write one piece of a term as a regular expression; punctuation, escaped or not, parts words."""
    escaped, letters, wild = match.groups()
    if wild:
        return _WILD[wild]
    kept = letters or (escaped if escaped and escaped.isalnum() else "")
    return re.escape(kept) if kept else " "
