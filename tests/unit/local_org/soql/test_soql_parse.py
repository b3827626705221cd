"""From text to values: what the parser makes of a query."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from crm_sync.local_org.soql import parse
from crm_sync.local_org.soql.syntax import (
    And,
    Call,
    Comparison,
    Day,
    FieldItem,
    Instant,
    Membership,
    Money,
    Not,
    Null,
    Number,
    Or,
    Order,
    Path,
    Period,
    Query,
    SemiJoin,
    Source,
    SubqueryItem,
    Text,
    TimeOfDay,
    Truth,
    TypeOf,
    When,
)
from crm_sync.local_org.soql.text import bad_escape, glob_pattern, like_pattern, quoted, value_of


def path(dotted: str) -> Path:
    return Path(tuple(dotted.split(".")))


def simple(**clauses: object) -> Query:
    return Query((FieldItem(path("Id")),), (Source(path("A")),), **clauses)  # type: ignore[arg-type]


def test_every_clause():
    text = """
        SELECT Id, a.B.C, COUNT(Id) n, (SELECT Id FROM a.Kids k), TYPEOF What WHEN X THEN P, Q.R WHEN Y THEN S ELSE T END
        FROM A a, a.B b USING SCOPE Mine
        WHERE x = 1 AND (y != 'z' OR NOT w LIKE '%v')
        WITH User_Mode
        GROUP BY ROLLUP(a, b), CALENDAR_YEAR(convertTimezone(d))
        HAVING COUNT(Id) > 1
        ORDER BY p ASC NULLS LAST, q DESC, r
        LIMIT 10 OFFSET 20
        FOR VIEW FOR REFERENCE
        ALL ROWS
    """
    assert parse(text) == Query(
        select=(
            FieldItem(path("Id")),
            FieldItem(path("a.B.C")),
            FieldItem(Call("COUNT", (path("Id"),)), "n"),
            SubqueryItem(Query((FieldItem(path("Id")),), (Source(path("a.Kids"), "k"),))),
            TypeOf(path("What"), (When("X", (path("P"), path("Q.R"))), When("Y", (path("S"),))), (path("T"),)),
        ),
        sources=(Source(path("A"), "a"), Source(path("a.B"), "b")),
        scope="mine",
        where=And(
            (
                Comparison(path("x"), "=", Number(Decimal(1))),
                Or((Comparison(path("y"), "!=", Text("z")), Not(Comparison(path("w"), "LIKE", Text("%v"))))),
            )
        ),
        security="USER_MODE",
        group_by=(
            Call("ROLLUP", (path("a"), path("b"))),
            Call("CALENDAR_YEAR", (Call("CONVERTTIMEZONE", (path("d"),)),)),
        ),
        having=Comparison(Call("COUNT", (path("Id"),)), ">", Number(Decimal(1))),
        order_by=(Order(path("p"), nulls="LAST"), Order(path("q"), descending=True), Order(path("r"))),
        limit=10,
        offset=20,
        purposes=("VIEW", "REFERENCE"),
        all_rows=True,
    )


VALUES = {
    "'it\\'s'": Text("it\\'s"),
    "''": Text(""),
    "1": Number(Decimal(1)),
    "-1.50": Number(Decimal("-1.50")),
    "+2": Number(Decimal(2)),
    ".5": Number(Decimal("0.5")),
    "1e3": Number(Decimal(1000)),
    "2026-03-18": Day(date(2026, 3, 18)),
    "2026-03-18T10:30:00Z": Instant(datetime(2026, 3, 18, 10, 30, tzinfo=UTC)),
    "2026-03-18t10:30:00.5z": Instant(datetime(2026, 3, 18, 10, 30, 0, 500_000, UTC)),
    "2026-03-18T10:30:00+05:30": Instant(
        datetime(2026, 3, 18, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    ),
    "2026-03-18T10:30:00.000+0000": Instant(datetime(2026, 3, 18, 10, 30, tzinfo=UTC)),
    "10:30:00.000Z": TimeOfDay(time(10, 30)),
    "true": Truth(True),
    "FALSE": Truth(False),
    "Null": Null(),
    "today": Period("TODAY"),
    "LAST_n_DAYS:30": Period("LAST_N_DAYS", 30),
    "N_FISCAL_QUARTERS_AGO:2": Period("N_FISCAL_QUARTERS_AGO", 2),
    "usd5000.5": Money("USD", Decimal("5000.5")),
}


@pytest.mark.parametrize(("written", "value"), VALUES.items(), ids=list(VALUES))
def test_value(written, value):
    assert parse(f"SELECT Id FROM A WHERE x = {written}") == simple(where=Comparison(path("x"), "=", value))


CONDITIONS = {
    "x <> 1": Comparison(path("x"), "!=", Number(Decimal(1))),
    "x<=1": Comparison(path("x"), "<=", Number(Decimal(1))),
    "x in (1,2)": Membership(path("x"), "IN", (Number(Decimal(1)), Number(Decimal(2)))),
    "x not  in ('a')": Membership(path("x"), "NOT IN", (Text("a"),)),
    "x includes ('a;b', 'c')": Membership(path("x"), "INCLUDES", (Text("a;b"), Text("c"))),
    "x EXCLUDES('a')": Membership(path("x"), "EXCLUDES", (Text("a"),)),
    "x IN (SELECT y FROM B)": SemiJoin(path("x"), False, Query((FieldItem(path("y")),), (Source(path("B")),))),
    "x NOT IN (SELECT y FROM B)": SemiJoin(path("x"), True, Query((FieldItem(path("y")),), (Source(path("B")),))),
    "(x = null)": Comparison(path("x"), "=", Null()),
}


@pytest.mark.parametrize("written", CONDITIONS)
def test_condition(written):
    assert parse(f"SELECT Id FROM A WHERE {written}") == simple(where=CONDITIONS[written])


def test_words_are_reserved_only_where_they_stand():
    assert parse("SELECT Type, Order.Name, Group FROM Order WHERE Limit = 1 ORDER BY First") == Query(
        (FieldItem(path("Type")), FieldItem(path("Order.Name")), FieldItem(path("Group"))),
        (Source(path("Order")),),
        where=Comparison(path("Limit"), "=", Number(Decimal(1))),
        order_by=(Order(path("First")),),
    )


def test_a_query_is_parsed_once():
    assert parse("SELECT Id FROM A") is parse("SELECT Id FROM A")


def test_positions_take_no_part_in_equality():
    assert parse("SELECT Id FROM A") == parse("select\n  Id\nfrom   A")


STRINGS = {
    r"plain": ("plain", "plain", "plain"),
    r"50\%": ("50%", r"50\%", "50%"),
    r"50%": ("50%", "50%", "50*"),
    r"a\_b_c": ("a_b_c", r"a\_b_c", "a_b?c"),
    r"a\\b": ("a\\b", r"a\\b", "a\\b"),
    r"\\%": ("\\%", r"\\%", "\\*"),
    r"[x]*?": ("[x]*?", "[x]*?", "[[]x][*][?]"),
    r"\u00e9\N\T": ("é\n\t", "é\n\t", "é\n\t"),
}


@pytest.mark.parametrize(("raw", "expected"), STRINGS.items(), ids=list(STRINGS))
def test_strings_and_patterns(raw, expected):
    assert (value_of(raw), like_pattern(raw), glob_pattern(raw)) == expected


def test_escapes():
    assert bad_escape(r"fine \n \r \t \b \f \" \' \\ \_ \% \u0041") is None
    assert bad_escape(r"ab\q") == 2
    assert bad_escape(r"\u12") == 0
    assert value_of(quoted("O'Brien \\ Sons")) == "O'Brien \\ Sons"
