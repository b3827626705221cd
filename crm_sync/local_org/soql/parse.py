"""From a query's text to its AST, or to MALFORMED_QUERY with Row and Column.

    text --Lark LALR (query.lark)--> tree --_Builder--> Query | Search

Called by compile and sosl. Not here: whether objects and fields exist.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from crm_sync.local_org.soql import syntax
from crm_sync.local_org.soql.errors import SoqlError, SoqlUnsupported, located
from crm_sync.local_org.soql.text import bad_escape

LONGEST_QUERY = 100_000
_HALF_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?= )")
_RESERVED = {"AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE"}
_RESERVED |= {"LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH"}


@lru_cache(maxsize=256)
def parse(text: str) -> syntax.Query:
    """Parse one SELECT. Raises SoqlError: MALFORMED_QUERY, with the place; SoqlUnsupported for data categories."""
    if len(text) > LONGEST_QUERY:
        raise SoqlError("MALFORMED_QUERY", "SOQL statements cannot be longer than 100,000 characters.")
    query: syntax.Query = _built(text, "query")
    return query


@lru_cache(maxsize=256)
def parse_search(text: str) -> syntax.Search:
    """Parse one FIND. Raises SoqlError MALFORMED_QUERY, and SoqlUnsupported for clauses that are not done here."""
    search: syntax.Search = _built(text, "search")
    return search


def select_object(path: syntax.Path, parts: list[Any], words: syntax.Words | None = None) -> syntax.Query:
    """Make the query of one object of a search: its fields and clauses, or its Id alone."""
    select = tuple(p for p in parts if isinstance(p, syntax.FieldItem)) or (syntax.FieldItem(syntax.Path(("Id",))),)
    return syntax.Query(select, (syntax.Source(path),), words=words, at=path.at, **_clauses(parts))


def _built(text: str, start: str) -> Any:
    try:
        return _Builder(text).transform(_grammar().parse(text, start=start))
    except UnexpectedInput as error:
        raise _malformed(text, error) from None
    except VisitError as error:
        raise error.orig_exc from None


@cache
def _grammar() -> Lark:
    starts = ["query", "search"]
    return Lark.open("query.lark", rel_to=__file__, start=starts, parser="lalr", propagate_positions=True)


def _malformed(text: str, error: UnexpectedInput) -> SoqlError:
    if isinstance(error, UnexpectedToken):
        token = error.token
        if token.type == "$END":
            return located("MALFORMED_QUERY", text, len(text.rstrip()), "unexpected token: '<EOF>'")
        return located("MALFORMED_QUERY", text, token.start_pos or 0, f"unexpected token: '{token}'")
    if isinstance(error, UnexpectedCharacters):
        return _strange_character(text, error)
    return SoqlError("MALFORMED_QUERY", "unexpected token: '<EOF>'")


def _strange_character(text: str, error: UnexpectedCharacters) -> SoqlError:
    half_instant = _HALF_INSTANT.match(text, error.pos_in_stream or 0)
    if half_instant:  # a `+` of an offset that arrived as a blank
        column = error.column - 1 + len(half_instant[0])
        return SoqlError("MALFORMED_QUERY", f"line {error.line}:{column} no viable alternative at character ' '")
    place = f"line {error.line}:{error.column - 1}"
    if error.char == "'":
        return SoqlError("MALFORMED_QUERY", f"{place} mismatched character '<EOF>' expecting '''")
    return SoqlError("MALFORMED_QUERY", f"{place} no viable alternative at character '{error.char}'")


def _at(meta: Any) -> int:
    start: int = getattr(meta, "start_pos", 0)
    return start


def _clauses(parts: list[Any]) -> dict[str, Any]:
    """Gather the clauses of a query, which are built as (name, value); several purposes add up."""
    named = [p for p in parts if type(p) is tuple]
    purposes = tuple(value for name, value in named if name == "purposes")
    return dict(named) | ({"purposes": purposes} if purposes else {})


@v_args(meta=True)
class _Builder(Transformer[Token, Any]):
    """Turns each grammar rule into its value; the method names are the rule names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def _error(self, at: int, reason: str) -> SoqlError:
        return located("MALFORMED_QUERY", self._text, at, reason)

    def query(self, meta: Any, parts: list[Any]) -> syntax.Query:
        select = tuple(p for p in parts if isinstance(p, (syntax.FieldItem, syntax.SubqueryItem, syntax.TypeOf)))
        sources = tuple(p for p in parts if isinstance(p, syntax.Source))
        return syntax.Query(select, sources, at=_at(meta), **_clauses(parts))

    def field_item(self, meta: Any, parts: list[Any]) -> syntax.FieldItem:
        return syntax.FieldItem(parts[0], parts[1] if len(parts) > 1 else None)

    def subquery_item(self, meta: Any, parts: list[Any]) -> syntax.SubqueryItem:
        return syntax.SubqueryItem(parts[0])

    def typeof(self, meta: Any, parts: list[Any]) -> syntax.TypeOf:
        whens = tuple(p for p in parts[1:] if isinstance(p, syntax.When))
        otherwise = parts[-1] if isinstance(parts[-1], tuple) else ()
        return syntax.TypeOf(parts[0], whens, otherwise)

    def when(self, meta: Any, parts: list[Any]) -> syntax.When:
        return syntax.When(str(parts[0]), parts[1])

    def paths(self, meta: Any, parts: list[Any]) -> tuple[syntax.Path, ...]:
        return tuple(parts)

    def source(self, meta: Any, parts: list[Any]) -> syntax.Source:
        return syntax.Source(parts[0], parts[1] if len(parts) > 1 else None)

    def name(self, meta: Any, parts: list[Any]) -> str:
        if parts[0].upper() in _RESERVED:
            raise self._error(_at(meta), f"unexpected token: '{parts[0]}'")
        return str(parts[0])

    def call(self, meta: Any, parts: list[Any]) -> syntax.Call:
        arguments = tuple(p for p in parts[1:] if p is not None)
        return syntax.Call(parts[0].upper(), arguments, at=_at(meta))

    def path(self, meta: Any, parts: list[Any]) -> syntax.Path:
        return syntax.Path(tuple(str(p) for p in parts), at=_at(meta))

    def scope(self, meta: Any, parts: list[Any]) -> tuple[str, str]:
        return "scope", parts[0].lower()

    def where(self, meta: Any, parts: list[Any]) -> tuple[str, syntax.Condition]:
        return "where", parts[0]

    def security(self, meta: Any, parts: list[Any]) -> tuple[str, str]:
        mode = parts[0].upper()
        if mode not in ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            raise self._error(parts[0].start_pos, f"unexpected token: '{parts[0]}'")
        return "security", mode

    def data_category(self, meta: Any, parts: list[Any]) -> None:
        raise SoqlUnsupported("WITH DATA CATEGORY")

    def grouping(self, meta: Any, parts: list[Any]) -> tuple[str, tuple[syntax.Expression, ...]]:
        return "group_by", tuple(parts)

    def having(self, meta: Any, parts: list[Any]) -> tuple[str, syntax.Condition]:
        return "having", parts[0]

    def ordering(self, meta: Any, parts: list[Any]) -> tuple[str, tuple[syntax.Order, ...]]:
        return "order_by", tuple(parts)

    def order(self, meta: Any, parts: list[Any]) -> syntax.Order:
        words = parts[1:]
        nulls = next((w for w in words if w in ("FIRST", "LAST")), None)
        return syntax.Order(parts[0], "DESC" in words, nulls)

    def direction(self, meta: Any, parts: list[Any]) -> str:
        return str(parts[0]).upper()

    def nulls(self, meta: Any, parts: list[Any]) -> str:
        return str(parts[0]).upper().split()[-1]

    def limit(self, meta: Any, parts: list[Any]) -> tuple[str, int]:
        return "limit", self._count(parts[0])

    def offset(self, meta: Any, parts: list[Any]) -> tuple[str, int]:
        return "offset", self._count(parts[0])

    def _count(self, token: Token) -> int:
        if token.type == "BIND":
            raise self._error(token.start_pos or 0, "Bind variables only allowed in Apex code")
        if not token.isdigit():
            raise self._error(token.start_pos or 0, f"unexpected token: '{token}'")
        return int(token)

    def purpose(self, meta: Any, parts: list[Any]) -> tuple[str, str]:
        words = parts[0].upper().split()
        if words[0] == "UPDATE":
            raise SoqlUnsupported(f"UPDATE {words[1]}")
        return "purposes", words[1]

    def all_rows(self, meta: Any, parts: list[Any]) -> tuple[str, bool]:
        return "all_rows", True

    def conjunction(self, meta: Any, parts: list[Any]) -> syntax.And:
        return syntax.And(tuple(parts))

    def disjunction(self, meta: Any, parts: list[Any]) -> syntax.Or:
        return syntax.Or(tuple(parts))

    def negation(self, meta: Any, parts: list[Any]) -> syntax.Not:
        return syntax.Not(parts[0])

    def comparison(self, meta: Any, parts: list[Any]) -> syntax.Comparison:
        operator = parts[1].upper()
        return syntax.Comparison(parts[0], "!=" if operator == "<>" else operator, parts[2])

    def membership(self, meta: Any, parts: list[Any]) -> syntax.Membership:
        return syntax.Membership(parts[0], parts[1], tuple(parts[2:]))

    def bound_membership(self, meta: Any, parts: list[Any]) -> None:
        raise self._error(parts[2].start_pos, "Bind variables only allowed in Apex code")

    def multiple(self, meta: Any, parts: list[Any]) -> syntax.Membership:
        return syntax.Membership(parts[0], parts[1].upper(), tuple(parts[2:]))

    def semijoin(self, meta: Any, parts: list[Any]) -> syntax.SemiJoin:
        return syntax.SemiJoin(parts[0], parts[1] == "NOT IN", parts[2])

    def membership_operator(self, meta: Any, parts: list[Any]) -> str:
        return " ".join(parts[0].upper().split())

    def string(self, meta: Any, parts: list[Any]) -> syntax.Text:
        raw = str(parts[0])[1:-1]
        wrong = bad_escape(raw)
        if wrong is not None:
            at = _at(meta) + 1 + wrong
            raise self._error(at, f"Illegal character sequence '{raw[wrong : wrong + 2]}' in string literal")
        return syntax.Text(raw, at=_at(meta))

    def number(self, meta: Any, parts: list[Any]) -> syntax.Number:
        return syntax.Number(Decimal(str(parts[0])), at=_at(meta))

    def date(self, meta: Any, parts: list[Any]) -> syntax.Day:
        return syntax.Day(self._read(date.fromisoformat, parts[0]), at=_at(meta))

    def datetime(self, meta: Any, parts: list[Any]) -> syntax.Instant:
        return syntax.Instant(self._read(datetime.fromisoformat, parts[0]), at=_at(meta))

    def time(self, meta: Any, parts: list[Any]) -> syntax.TimeOfDay:
        return syntax.TimeOfDay(self._read(_time, parts[0]), at=_at(meta))

    def _read(self, reader: Any, token: Token) -> Any:
        try:
            return reader(str(token).upper())
        except ValueError:
            raise self._error(token.start_pos or 0, f"Invalid date or time: {token}") from None

    def boolean(self, meta: Any, parts: list[Any]) -> syntax.Truth:
        return syntax.Truth(parts[0].upper() == "TRUE", at=_at(meta))

    def null(self, meta: Any, parts: list[Any]) -> syntax.Null:
        return syntax.Null(at=_at(meta))

    def period(self, meta: Any, parts: list[Any]) -> syntax.Period:
        name, _, count = parts[0].upper().partition(":")
        return syntax.Period(name, int(count) if count else None, at=_at(meta))

    def currency(self, meta: Any, parts: list[Any]) -> syntax.Money:
        return syntax.Money(parts[0][:3].upper(), Decimal(parts[0][3:]), at=_at(meta))

    def bind(self, meta: Any, parts: list[Any]) -> None:
        raise self._error(_at(meta), "Bind variables only allowed in Apex code")

    def search(self, meta: Any, parts: list[Any]) -> syntax.Search:
        words, queries = parts[0], [p for p in parts if isinstance(p, syntax.Query)]
        given = _clauses(parts)
        words = replace(words, group=given.get("group", "ALL"))
        self._check_returned(queries)
        return syntax.Search(words, tuple(replace(q, words=words) for q in queries), given.get("limit"))

    def _check_returned(self, queries: list[syntax.Query]) -> None:
        names = [str(q.sources[0].path).lower() for q in queries]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise self._error(queries[place].at, f"duplicate object in RETURNING: {queries[place].sources[0].path}")
        if len(queries) > 1 and any(q.offset is not None for q in queries):
            raise self._error(queries[0].at, "OFFSET is allowed only when one object is searched")

    def words(self, meta: Any, parts: list[Any]) -> syntax.Words:
        before, _, inside = str(parts[0]).partition("{")
        return syntax.Words(inside[:-1], at=_at(meta) + len(before) + 1)

    def in_fields(self, meta: Any, parts: list[Any]) -> tuple[str, str]:
        group = parts[0].split()[1].upper()
        if group == "SIDEBAR":
            raise SoqlUnsupported("IN SIDEBAR FIELDS")
        return "group", group

    def returned(self, meta: Any, parts: list[Any]) -> syntax.Query:
        name, *others = parts
        for item in others:
            if isinstance(item, (syntax.SubqueryItem, syntax.TypeOf)):
                raise self._error(_at(meta), "RETURNING takes fields of the object and of its parents")
        return select_object(syntax.Path((str(name),), name.start_pos or 0), others)

    def listview(self, meta: Any, parts: list[Any]) -> None:
        raise SoqlUnsupported("USING LISTVIEW")

    def search_with(self, meta: Any, parts: list[Any]) -> None:
        raise SoqlUnsupported(" ".join(parts[0].split()[:2]).upper())


def _time(written: str) -> time:
    return time.fromisoformat(written.removesuffix("Z"))
