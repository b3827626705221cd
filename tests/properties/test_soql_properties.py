"""SOQL, whatever the query: text and values are the same thing, and SQLite answers as a plain evaluation does.

The evaluator below states the semantics of conditions a second time, over Python rows: null is a value, comparisons with
null are false, NOT is plain negation.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.local_org.schema import Field, ObjectType, PicklistValue, Schema
from crm_sync.local_org.soql import SoqlError, UserContext, compile_query, parse, prepare
from crm_sync.local_org.soql import syntax as s
from crm_sync.local_org.soql.text import quoted, value_of

CLOCK = datetime(2026, 3, 18, 10, 30, tzinfo=UTC)
USER = UserContext("005000000000001AAA", ZoneInfo("UTC"))

# --- writing a query back -------------------------------------------------------------------------------------------


def write(query: s.Query) -> str:
    parts = ["SELECT", ", ".join(_item(i) for i in query.select), "FROM", ", ".join(_source(x) for x in query.sources)]
    parts += ["USING SCOPE", query.scope] if query.scope else []
    parts += ["WHERE", condition(query.where)] if query.where is not None else []
    parts += ["WITH", query.security] if query.security else []
    parts += ["GROUP BY", ", ".join(map(_expression, query.group_by))] if query.group_by else []
    parts += ["HAVING", condition(query.having)] if query.having is not None else []
    parts += ["ORDER BY", ", ".join(map(_order, query.order_by))] if query.order_by else []
    parts += [f"LIMIT {query.limit}"] if query.limit is not None else []
    parts += [f"OFFSET {query.offset}"] if query.offset is not None else []
    parts += [f"FOR {p}" for p in query.purposes]
    return " ".join([*parts, "ALL ROWS"] if query.all_rows else parts)


def _item(item: s.SelectItem) -> str:
    if isinstance(item, s.SubqueryItem):
        return f"({write(item.query)})"
    if isinstance(item, s.TypeOf):
        whens = " ".join(f"WHEN {w.type} THEN {', '.join(map(str, w.paths))}" for w in item.whens)
        otherwise = f" ELSE {', '.join(map(str, item.otherwise))}" if item.otherwise else ""
        return f"TYPEOF {item.relationship} {whens}{otherwise} END"
    return _expression(item.expression) + (f" {item.alias}" if item.alias else "")


def _source(source: s.Source) -> str:
    return f"{source.path}" + (f" {source.alias}" if source.alias else "")


def _order(order: s.Order) -> str:
    return f"{_expression(order.expression)} {'DESC' if order.descending else 'ASC'}" + (
        f" NULLS {order.nulls}" if order.nulls else ""
    )


def _expression(expression: Any) -> str:
    if isinstance(expression, s.Path):
        return str(expression)
    if isinstance(expression, s.Call):
        return f"{expression.function}({', '.join(map(_expression, expression.arguments))})"
    return value(expression)


def condition(c: s.Condition) -> str:
    if isinstance(c, (s.And, s.Or)):
        return (" AND " if isinstance(c, s.And) else " OR ").join(_inner(p) for p in c.parts)
    if isinstance(c, s.Not):
        return f"NOT {_inner(c.part)}"
    if isinstance(c, s.Comparison):
        return f"{_expression(c.left)} {c.operator} {value(c.right)}"
    if isinstance(c, s.Membership):
        return f"{_expression(c.left)} {c.operator} ({', '.join(map(value, c.values))})"
    return f"{_expression(c.left)} {'NOT IN' if c.negated else 'IN'} ({write(c.query)})"


def _inner(c: s.Condition) -> str:
    return f"({condition(c)})" if isinstance(c, (s.And, s.Or)) else condition(c)


WRITERS: dict[type, Callable[[Any], str]] = {
    s.Text: lambda v: f"'{v.raw}'",
    s.Number: lambda v: str(v.value),
    s.Day: lambda v: v.value.isoformat(),
    s.Instant: lambda v: v.value.isoformat(timespec="milliseconds"),
    s.TimeOfDay: lambda v: v.value.isoformat(timespec="milliseconds") + "Z",
    s.Truth: lambda v: str(v.value).upper(),
    s.Null: lambda v: "NULL",
    s.Period: lambda v: v.name if v.count is None else f"{v.name}:{v.count}",
    s.Money: lambda v: f"{v.code}{v.amount}",
}


def value(v: s.Value) -> str:
    return WRITERS[type(v)](v)


# --- any query ------------------------------------------------------------------------------------------------------

names = st.sampled_from(["Id", "Name", "ownerId", "Type", "Custom__c", "Custom__r", "x1", "ns__Long_Name__c", "count"])
paths = st.builds(s.Path, st.lists(names, min_size=1, max_size=3).map(tuple))
raws = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8).map(quoted)
numbers = st.builds(s.Number, st.decimals(-(10**6), 10**6, places=2))
instants = st.integers(0, 2 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))
values = st.one_of(
    st.builds(s.Text, raws),
    numbers,
    st.builds(s.Day, st.dates(date(1700, 1, 1), date(4000, 12, 31))),
    st.builds(s.Instant, instants),
    st.builds(s.TimeOfDay, st.times().map(lambda t: t.replace(microsecond=0))),
    st.builds(s.Truth, st.booleans()),
    st.just(s.Null()),
    st.builds(s.Period, st.sampled_from(["TODAY", "LAST_WEEK", "NEXT_FISCAL_YEAR"])),
    st.builds(s.Period, st.sampled_from(["LAST_N_DAYS", "N_MONTHS_AGO"]), st.integers(0, 999)),
    st.builds(s.Money, st.just("EUR"), st.decimals(0, 999, places=1)),
)
expressions = st.recursive(
    paths,
    lambda inner: st.builds(
        s.Call,
        names.map(str.upper),
        st.lists(st.one_of(inner, numbers, st.builds(s.Text, raws)), max_size=2).map(tuple),
    ),
    max_leaves=3,
)
in_lists = st.lists(values, min_size=1, max_size=3).map(tuple)
comparisons = st.builds(s.Comparison, expressions, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "LIKE"]), values)
memberships = st.builds(s.Membership, expressions, st.sampled_from(["IN", "NOT IN", "INCLUDES", "EXCLUDES"]), in_lists)
sources = st.builds(s.Source, paths, st.none() | names)
plain_items = st.builds(s.FieldItem, expressions, st.none() | names)
subselects = st.builds(s.Query, st.tuples(plain_items), st.tuples(sources))


def combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(s.And, several), st.builds(s.Or, several), st.builds(s.Not, inner))


conditions = st.recursive(
    st.one_of(comparisons, memberships, st.builds(s.SemiJoin, expressions, st.booleans(), subselects)),
    combined,
    max_leaves=5,
)
orders = st.builds(s.Order, expressions, st.booleans(), st.sampled_from([None, "FIRST", "LAST"]))
items = st.one_of(
    plain_items,
    st.builds(s.SubqueryItem, subselects),
    st.builds(
        s.TypeOf,
        paths,
        st.lists(
            st.builds(s.When, names, st.lists(paths, min_size=1, max_size=2).map(tuple)), min_size=1, max_size=2
        ).map(tuple),
        st.lists(paths, max_size=2).map(tuple),
    ),
)
queries = st.builds(
    s.Query,
    st.lists(items, min_size=1, max_size=3).map(tuple),
    st.lists(sources, min_size=1, max_size=2).map(tuple),
    scope=st.sampled_from([None, "mine"]),
    where=st.none() | conditions,
    security=st.sampled_from([None, "USER_MODE"]),
    group_by=st.lists(expressions, max_size=2).map(tuple),
    having=st.none() | conditions,
    order_by=st.lists(orders, max_size=2).map(tuple),
    limit=st.none() | st.integers(0, 10**6),
    offset=st.none() | st.integers(0, 10**6),
    purposes=st.lists(st.sampled_from(["VIEW", "REFERENCE", "UPDATE"]), max_size=2).map(tuple),
    all_rows=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(queries)
def test_a_query_written_and_parsed_is_the_same_query(query):
    assert parse(write(query)) == query


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_a_string_travels_unharmed(text):
    if text:
        [found] = parse(f"SELECT Id FROM A WHERE x IN ('{quoted(text)}')").where.values
        assert value_of(found.raw) == text


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("SELECT Id FROMA WHER'()=\\,.:%0123-T ZN\n"), max_size=60))
def test_any_text_is_parsed_or_refused(text):
    assert refusal("SELECT " + text) in (None, ("MALFORMED_QUERY", 400))


def refusal(text: str) -> tuple[str, int] | None:
    try:
        parse(text)
    except SoqlError as refused:
        return refused.code, refused.status
    return None


# --- conditions, against plain evaluation ---------------------------------------------------------------------------

CHOICES = ("Aa", "b", "É")
FIELDS = (
    Field("Id", "Id", "id", length=18),
    Field("Text__c", "Text", "string"),
    Field("Cased__c", "Cased", "string", case_sensitive=True),
    Field("Multi__c", "Multi", "multipicklist", picklist=tuple(PicklistValue(c, c) for c in CHOICES)),
    Field("Number__c", "Number", "double"),
    Field("Flag__c", "Flag", "boolean"),
    Field("Day__c", "Day", "date"),
    Field("Stamp__c", "Stamp", "datetime"),
)
THING = ObjectType("Thing__c", "Thing", "Things", "a00", {f.name.lower(): f for f in FIELDS})
SCHEMA = Schema({"thing__c": THING})
TYPES = {"double": "REAL", "boolean": "INTEGER NOT NULL"}

letters = st.text(st.sampled_from("aAbé É%_"), min_size=1, max_size=3)
days = st.dates(date(2026, 2, 20), date(2026, 4, 10))
stamps = st.integers(-12 * 86_400, 12 * 86_400).map(lambda seconds: CLOCK + timedelta(seconds=seconds))
amounts = st.integers(-4, 4).map(lambda n: n / 2)
chosen = st.sets(st.sampled_from(CHOICES), min_size=1).map(lambda c: ";".join(x for x in CHOICES if x in c))
rows = st.fixed_dictionaries(
    {
        "Text__c": st.none() | letters,
        "Cased__c": st.none() | letters,
        "Multi__c": st.none() | chosen,
        "Number__c": st.none() | amounts,
        "Flag__c": st.booleans(),
        "Day__c": st.none() | days,
        "Stamp__c": st.none() | stamps,
    }
)
null = st.just(s.Null())
texts = letters.map(lambda t: s.Text(quoted(t)))
multis = chosen.map(lambda t: s.Text(quoted(t)))
given_days = days.map(s.Day)
given_stamps = stamps.map(s.Instant)
amount_values = amounts.map(lambda n: s.Number(Decimal(str(n))))
flags = st.booleans().map(s.Truth)
periods = st.sampled_from(
    [
        s.Period("TODAY"),
        s.Period("THIS_MONTH"),
        s.Period("LAST_WEEK"),
        s.Period("LAST_N_DAYS", 3),
        s.Period("N_WEEKS_AGO", 1),
    ]
)
ORDERED = ["=", "!=", "<", "<=", ">", ">="]
PIECES = ["a", "A", "é", "É", "b", "%", "_", "\\%", "\\_"]


def atoms_of(name: str, wanted: st.SearchStrategy[Any], operators: list[str]) -> st.SearchStrategy[Any]:
    field = st.just(s.Path((name,)))
    return st.one_of(
        st.builds(s.Comparison, field, st.sampled_from(operators), wanted | null),
        st.builds(s.Membership, field, st.sampled_from(["IN", "NOT IN"]), st.lists(wanted | null, min_size=1, max_size=3).map(tuple)),
    )  # fmt: skip


atoms = st.one_of(
    atoms_of("Text__c", texts, ORDERED),
    atoms_of("Cased__c", texts, ORDERED),
    atoms_of("Multi__c", multis, ["=", "!="]),
    atoms_of("Number__c", amount_values, ORDERED),
    atoms_of("Flag__c", flags, ["=", "!="]),
    atoms_of("Day__c", given_days | periods, ORDERED),
    atoms_of("Stamp__c", given_stamps | periods, ORDERED),
    st.builds(s.Comparison, st.sampled_from([s.Path(("Text__c",)), s.Path(("Cased__c",))]), st.just("LIKE"),
              st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map(lambda p: s.Text("".join(p)))),
    st.builds(s.Membership, st.just(s.Path(("Multi__c",))), st.sampled_from(["INCLUDES", "EXCLUDES"]),
              st.lists(multis, min_size=1, max_size=2).map(tuple)),
)  # fmt: skip
SPANS = {
    s.Period("TODAY"): (date(2026, 3, 18), date(2026, 3, 19)),
    s.Period("THIS_MONTH"): (date(2026, 3, 1), date(2026, 4, 1)),
    s.Period("LAST_WEEK"): (date(2026, 3, 8), date(2026, 3, 15)),
    s.Period("LAST_N_DAYS", 3): (date(2026, 3, 15), date(2026, 3, 19)),
    s.Period("N_WEEKS_AGO", 1): (date(2026, 3, 8), date(2026, 3, 15)),
}


def holds(c: s.Condition, row: dict[str, Any]) -> bool:
    if isinstance(c, s.And):
        return all(holds(p, row) for p in c.parts)
    if isinstance(c, s.Or):
        return any(holds(p, row) for p in c.parts)
    if isinstance(c, s.Not):
        return not holds(c.part, row)
    name = str(c.left)
    if isinstance(c, s.Comparison):
        return compared(name, row[name], c.operator, c.right)
    if c.operator in ("INCLUDES", "EXCLUDES"):
        have = {x.lower() for x in (row[name] or "").split(";")}
        some = any({x.lower() for x in value_of(v.raw).split(";")} <= have for v in c.values)
        return some == (c.operator == "INCLUDES")
    return any(compared(name, row[name], "=", v) for v in c.values) == (c.operator == "IN")


def compared(name: str, found: Any, operator: str, wanted: s.Value) -> bool:
    if operator == "!=":
        return not compared(name, found, "=", wanted)
    if operator == "LIKE":
        return like(name, found, wanted)
    if isinstance(wanted, s.Null):
        return operator == "=" and (found is None or found is False)
    if found is None:
        return False
    if isinstance(wanted, s.Period):
        first, after = SPANS[wanted]
        day = found.date() if isinstance(found, datetime) else found
        return {"=": first <= day < after, "<": day < first, "<=": day < after, ">": day >= after, ">=": day >= first}[
            operator
        ]
    return ordered(name, found, operator, plain(wanted))


def ordered(name: str, found: Any, operator: str, wanted: Any) -> bool:
    if name in ("Text__c", "Multi__c"):
        fold = str.lower if operator == "=" else ascii_lower
        found, wanted = fold(found), fold(wanted)
    return {
        "=": found == wanted,
        "<": found < wanted,
        "<=": found <= wanted,
        ">": found > wanted,
        ">=": found >= wanted,
    }[operator]


def ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def plain(v: s.Value) -> Any:
    return value_of(v.raw) if isinstance(v, s.Text) else float(v.value) if isinstance(v, s.Number) else v.value


def like(name: str, found: Any, wanted: Any) -> bool:
    if isinstance(wanted, s.Null) or found is None:
        return found is None and isinstance(wanted, s.Null)
    pieces = re.findall(r"\\?.", wanted.raw)
    pattern = "".join({"%": ".*", "_": "."}.get(p, re.escape(p[-1])) for p in pieces)
    return re.fullmatch(pattern, found, 0 if name == "Cased__c" else re.IGNORECASE) is not None


def stored(v: Any) -> Any:
    if isinstance(v, datetime):
        return v.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return v.isoformat() if isinstance(v, date) else v


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=4), st.recursive(atoms, combined, max_leaves=5))
def test_sqlite_matches_what_plain_evaluation_matches(things, where):
    connection = sqlite3.connect(":memory:")
    try:
        prepare(connection)
        columns = ", ".join(f"{f.name} {TYPES.get(f.type, 'TEXT')}" for f in FIELDS)
        connection.execute(f'CREATE TABLE "Thing__c" ({columns})')
        for n, thing in enumerate(things):
            row = [f"a00{n:015d}", *(stored(thing[f.name]) for f in FIELDS[1:])]
            connection.execute(f'INSERT INTO "Thing__c" VALUES ({", ".join("?" * len(row))})', row)
        text = f"SELECT Id FROM Thing__c WHERE {condition(where)} ORDER BY Id"
        found = [r["Id"] for r in compile_query(text, SCHEMA, USER, CLOCK).records(connection)]
    finally:
        connection.close()
    assert found == [f"a00{n:015d}" for n, thing in enumerate(things) if holds(where, thing)]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham"]))
def test_days_tile_the_time_line(days_back, zone):
    """Every moment lies in exactly one of the days around it, whatever the zone and its clock changes."""
    connection = sqlite3.connect(":memory:")
    try:
        prepare(connection)
        connection.execute('CREATE TABLE "Thing__c" ("Id" TEXT, "Stamp__c" TEXT)')
        moment = CLOCK - timedelta(days=days_back, hours=days_back % 24)
        connection.execute('INSERT INTO "Thing__c" VALUES (?, ?)', ("a00000000000001AAA", stored(moment)))
        user = UserContext(USER.user_id, ZoneInfo(zone))
        matched = [
            n
            for n in range(max(0, days_back - 3), days_back + 4)
            if compile_query(f"SELECT Id FROM Thing__c WHERE Stamp__c = N_DAYS_AGO:{n}", SCHEMA, user, CLOCK).records(
                connection
            )
        ]
    finally:
        connection.close()
    local_day, today = moment.astimezone(ZoneInfo(zone)).date(), CLOCK.astimezone(ZoneInfo(zone)).date()
    assert matched == [(today - local_day).days]
