"""SOSL: from a search's text to the records that hold its words, object by object.

    text --Lark LALR (query.lark)--> Search --compile_search--> CompiledSearch --records--> rows

An object in RETURNING is a query of that object with one condition more, so fields, filters, order and permissions are SOQL's.
Called by the local org through the package. Not here: which fields are searched and what matches (search_fields, search_words).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_sync.local_org.schema import Schema
from crm_sync.local_org.soql import syntax
from crm_sync.local_org.soql.context import UserContext
from crm_sync.local_org.soql.errors import SoqlError
from crm_sync.local_org.soql.level import Request
from crm_sync.local_org.soql.parse import parse_search, select_object
from crm_sync.local_org.soql.resolve import find_object
from crm_sync.local_org.soql.rows import ID_LENGTH, RowPlan, compile_rows
from crm_sync.local_org.soql.search_words import check

MOST_RECORDS = 2_000
_FIND = re.compile(r"\s*FIND\s*\{", re.IGNORECASE)


@dataclass(frozen=True)
class CompiledSearch:
    """One search, ready to run: a plan per object, in the order asked, and how many records it gives at most."""

    plans: tuple[RowPlan, ...]
    most: int

    def records(self, connection: sqlite3.Connection, version: str = "68.0") -> list[dict[str, Any]]:
        """Return the records found, object by object. What is too much is left out evenly among the objects."""
        found = [_split(plan.ids(connection)) for plan in self.plans]
        kept = shares([len(ids) for ids in found], self.most)
        root = f"/services/data/v{version}"
        pages = (p.page(connection, ids[:n], root) for p, ids, n in zip(self.plans, found, kept, strict=True))
        return [record for page in pages for record in page]


def compile_search(text: str, schema: Schema, user: UserContext, clock: datetime) -> CompiledSearch:
    """Compile a FIND. Raises SoqlError: MALFORMED_SEARCH, INVALID_FIELD, INVALID_TYPE; SoqlUnsupported (501)."""
    try:
        search = _parsed(text)
        queries = search.returned or tuple(_every_object(schema, user, search))
        plans = tuple(compile_rows(_request(text, schema, user, clock, query), query) for query in queries)
    except SoqlError as error:
        raise _as_search(error) from None
    return CompiledSearch(plans, MOST_RECORDS if search.limit is None else min(search.limit, MOST_RECORDS))


def shares(sizes: Sequence[int], most: int) -> list[int]:
    """Divide what may be given among lists of these sizes, evenly; what a short list leaves goes to the longer ones."""
    given = [0] * len(sizes)
    for done, place in enumerate(sorted(range(len(sizes)), key=lambda n: sizes[n])):
        given[place] = min(sizes[place], (most - sum(given)) // (len(sizes) - done))
    return given


def _parsed(text: str) -> syntax.Search:
    if not _FIND.match(text):
        raise SoqlError("MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces.")
    search = parse_search(text)
    check(search.words.text, text, search.words.at)
    return search


def _split(ids: str) -> list[str]:
    return [ids[n : n + ID_LENGTH] for n in range(0, len(ids), ID_LENGTH)]


def _as_search(error: SoqlError) -> SoqlError:
    """Say a query's refusal as a search's."""
    return SoqlError("MALFORMED_SEARCH", error.message) if error.code == "MALFORMED_QUERY" else error


def _every_object(schema: Schema, user: UserContext, search: syntax.Search) -> Iterator[syntax.Query]:
    for o in schema.objects.values():
        if o.searchable and o.queryable and user.can_query(o.name):
            yield select_object(syntax.Path((o.name,)), [], search.words)


def _request(text: str, schema: Schema, user: UserContext, clock: datetime, query: syntax.Query) -> Request:
    found = find_object(schema, user, text, query.sources[0].path)
    if not found.searchable:
        raise SoqlError("INVALID_TYPE_FOR_OPERATION", f"entity type {found.name} does not support search")
    return Request(schema, user, text, clock, include_deleted=False)
