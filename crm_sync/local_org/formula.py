"""Formulas: from Salesforce's formula text to a tree, and from a tree to a value.

    text --parse--> Node --value(scope)--> bool | str | float | date | datetime | None

Called by validation. Knows the part of the language that validation rules commonly use; anything else is refused when parsed,
never guessed. Not here: formula fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crm_sync.local_org.formula_functions import FUNCTIONS, OPERATORS, UnsupportedFormulaError

_TOKEN = re.compile(
    r"""\s*(?:(?P<comment>/\*.*?\*/)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>\$?[A-Za-z_]\w*(?:\.\w+)*)|(?P<sign>\|\||&&|<>|!=|<=|>=|==|[-+*/^&=<>!(),]))""",
    re.DOTALL,
)
_BINDING = {
    "||": 1,
    "&&": 2,
    "=": 3,
    "==": 3,
    "<>": 3,
    "!=": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "&": 5,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}


class Scope(Protocol):
    """What a formula is evaluated on: one record as it will be and as it was."""

    @property
    def is_new(self) -> bool:
        """Whether the record is being created."""

    @property
    def today(self) -> Any:
        """The day, as a date."""

    @property
    def now(self) -> Any:
        """The instant."""

    def read(self, path: str, prior: bool = False) -> Any:
        """The value of a field, a parent's field or a global variable, as it will be or as it was."""


class Node(Protocol):
    """One part of a formula."""

    def value(self, scope: Scope) -> Any:
        """Work out the part's value."""


@dataclass(frozen=True)
class Literal:
    """A text, number, TRUE, FALSE or NULL."""

    given: Any

    def value(self, scope: Scope) -> Any:
        """Give the constant."""
        return self.given


@dataclass(frozen=True)
class Reference:
    """A field, a parent's field, or a global such as $Permission.Name."""

    path: str

    def value(self, scope: Scope) -> Any:
        """Read the record."""
        return scope.read(self.path)


@dataclass(frozen=True)
class Operation:
    """Two operands and a sign."""

    sign: str
    left: Node
    right: Node

    def value(self, scope: Scope) -> Any:
        """Combine the operands."""
        return OPERATORS[self.sign](self.left.value(scope), self.right.value(scope))


@dataclass(frozen=True)
class FunctionCall:
    """A function and its arguments, evaluated as the function wishes."""

    name: str
    arguments: tuple[Node, ...]

    def value(self, scope: Scope) -> Any:
        """Call the function."""
        return FUNCTIONS[self.name](scope, self.arguments)


def parse(text: str) -> Node:
    """Parse a formula. Raises UnsupportedFormulaError, which says what is not known."""
    reader = _Reader(list(_tokens(text)))
    node = reader.expression(0)
    if reader.peek() is not None:
        raise UnsupportedFormulaError(f"unexpected {reader.peek()!r}")
    return node


def _tokens(text: str) -> Sequence[tuple[str, str]]:
    place, found = 0, []
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise UnsupportedFormulaError(f"unexpected {text[place : place + 10]!r}")
        place = match.end()
        if match.lastgroup and match.lastgroup != "comment":
            found.append((match.lastgroup, match.group(match.lastgroup)))
    return found


class _Reader:
    """Reads tokens by binding strength (a Pratt parser)."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0

    def peek(self) -> str | None:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else None

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise UnsupportedFormulaError("the formula ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, sign: str) -> None:
        found = self._next()[1]
        if found != sign:
            raise UnsupportedFormulaError(f"expected {sign!r}, found {found!r}")

    def expression(self, binding: int) -> Node:
        left = self._operand()
        while (sign := self.peek()) is not None and _BINDING.get(sign, 0) > binding:
            self._next()
            left = Operation(sign, left, self.expression(_BINDING[sign]))
        return left

    def _operand(self) -> Node:
        kind, token = self._next()
        if kind == "text":
            return Literal(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if kind == "number":
            return Literal(float(token))
        if kind == "name":
            return self._named(token)
        return self._signed(token)

    def _signed(self, sign: str) -> Node:
        if sign == "(":
            inside = self.expression(0)
            self._expect(")")
            return inside
        if sign == "-":
            return Operation("-", Literal(0.0), self.expression(6))
        if sign == "!":
            return FunctionCall("NOT", (self.expression(6),))
        raise UnsupportedFormulaError(f"unexpected {sign!r}")

    def _named(self, token: str) -> Node:
        if self.peek() != "(":
            return Literal(_CONSTANTS[token.upper()]) if token.upper() in _CONSTANTS else Reference(token)
        if token.upper() not in FUNCTIONS:
            raise UnsupportedFormulaError(f"the function {token}")
        self._expect("(")
        arguments: list[Node] = []
        while self.peek() != ")":
            arguments.append(self.expression(0))
            if self.peek() == ",":
                self._next()
        self._expect(")")
        return FunctionCall(token.upper(), tuple(arguments))
