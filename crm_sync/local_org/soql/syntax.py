"""A query as values: what the parser returns and the compiler reads.

Positions (`at`, characters from 0) are for error messages and take no part in equality.
Not here: whether the names exist and the types fit (see `resolve` and `conditions`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Path:
    """A dotted name: parent relationships, then a field."""

    names: tuple[str, ...]
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True)
class Text:
    """A quoted string. `raw` is what stood between the quotes, escapes included (LIKE reads them differently)."""

    raw: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Number:
    """A number, written without exponent when it is written back."""

    value: Decimal
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Day:
    """A date literal, YYYY-MM-DD."""

    value: date
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Instant:
    """A date-time literal, aware."""

    value: datetime
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class TimeOfDay:
    """A time literal, UTC."""

    value: time
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Truth:
    """TRUE or FALSE."""

    value: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Null:
    """NULL."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Period:
    """A date literal such as TODAY or LAST_N_DAYS:7; `name` in capitals, without the number."""

    name: str
    count: int | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Money:
    """A currency literal such as USD5000; only organisations with several currencies take it."""

    code: str
    amount: Decimal
    at: int = field(default=0, compare=False)


Value: TypeAlias = Text | Number | Day | Instant | TimeOfDay | Truth | Null | Period | Money


@dataclass(frozen=True)
class Call:
    """A function call; `function` in capitals."""

    function: str
    arguments: tuple[Path | Call | Text | Number, ...]
    at: int = field(default=0, compare=False)


Expression: TypeAlias = Path | Call


@dataclass(frozen=True)
class Comparison:
    """`left operator right`; operator is one of = != < <= > >= LIKE."""

    left: Expression
    operator: str
    right: Value


@dataclass(frozen=True)
class Membership:
    """`left operator (values)`; operator is one of IN, NOT IN, INCLUDES, EXCLUDES."""

    left: Expression
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class SemiJoin:
    """`left IN (SELECT ...)`, or the anti-join when negated."""

    left: Expression
    negated: bool
    query: Query


@dataclass(frozen=True)
class And:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """Some part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition: TypeAlias = Comparison | Membership | SemiJoin | And | Or | Not


@dataclass(frozen=True)
class FieldItem:
    """A selected field or function, with its alias."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True)
class SubqueryItem:
    """A selected child relationship."""

    query: Query


@dataclass(frozen=True)
class When:
    """One branch of a TYPEOF."""

    type: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class TypeOf:
    """A selected polymorphic relationship, with the fields per type."""

    relationship: Path
    whens: tuple[When, ...]
    otherwise: tuple[Path, ...] = ()


SelectItem: TypeAlias = FieldItem | SubqueryItem | TypeOf


@dataclass(frozen=True)
class Source:
    """What stands after FROM: an object or, from the second on and in subqueries, a relationship."""

    path: Path
    alias: str | None = None


@dataclass(frozen=True)
class Order:
    """One part of ORDER BY. `nulls` None means the default, first."""

    expression: Expression
    descending: bool = False
    nulls: Literal["FIRST", "LAST"] | None = None


@dataclass(frozen=True)
class Words:
    """What a search looks for: the text between the braces of FIND, and the group of fields after IN."""

    text: str
    group: str = "ALL"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Query:
    """A whole SELECT, or one object of a search, whose records hold `words`."""

    select: tuple[SelectItem, ...]
    sources: tuple[Source, ...]
    scope: str | None = None
    where: Condition | None = None
    security: str | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    purposes: tuple[str, ...] = ()
    all_rows: bool = False
    words: Words | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Search:
    """A whole FIND. `returned` holds a query per object after RETURNING; empty means every object there is."""

    words: Words
    returned: tuple[Query, ...]
    limit: int | None = None
