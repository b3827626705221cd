"""The condition language: a fact compared with a threshold, combined with all, any and not.

Parsed from the `when` of rules/qualification.yaml; compiled to columns by `evaluate`. A threshold is one value, or one
per reference type: `{default: 75, case_study: 80}`. Not here: whether a fact exists and an operator fits it
(`checks.conditions`), and what the values are (`evaluate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from crm_sync.program.base import Part

Operator = Literal[
    "is",
    "is_not",
    "at_least",
    "at_most",
    "above",
    "below",
    "one_of",
    "none_of",
    "has_any",
    "has_all",
    "before",
    "after",
    "known",
]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
LIST_OPERATORS: frozenset[Operator] = frozenset({"one_of", "none_of", "has_any", "has_all"})

Single: TypeAlias = str | int | float | bool
Value: TypeAlias = Single | tuple[Single, ...]
"""What a fact is compared with for one reference type: a tuple for the list operators, one value for the others."""
Threshold: TypeAlias = Value | Mapping[str, Value]
DEFAULT = "default"


MEANINGS: Mapping[Operator, str] = {
    "is": "equals the value",
    "is_not": "differs from the value",
    "at_least": "is this number or more",
    "at_most": "is this number or less",
    "above": "is more than this number",
    "below": "is less than this number",
    "one_of": "is one of the listed values",
    "none_of": "is none of the listed values",
    "has_any": "holds at least one of the listed values",
    "has_all": "holds all of the listed values",
    "before": "is earlier than this date",
    "after": "is later than this date",
    "known": "true: has a value; false: has none; unknown where it may have one that cannot be read",
}
"""What each operator asks of the fact, in words; the table in rules/README.md is made of it."""


class All(Part):
    """True when every condition is true."""

    all: tuple[Condition, ...] = Field(min_length=1)


class Any_(Part):  # noqa: N801  (`Any` is Python's)
    """True when at least one condition is true."""

    any: tuple[Condition, ...] = Field(min_length=1)


class Not_(Part):  # noqa: N801
    """True when the condition is false; unknown stays unknown."""

    not_: Condition = Field(alias="not")


class Test(Part):
    """One fact compared by exactly one operator."""

    __test__ = False  # pytest would collect a class of this name

    fact: str = Field(min_length=1)
    is_: Any = Field(default=None, alias="is")
    is_not: Any = None
    at_least: Any = None
    at_most: Any = None
    above: Any = None
    below: Any = None
    one_of: Any = None
    none_of: Any = None
    has_any: Any = None
    has_all: Any = None
    before: Any = None
    after: Any = None
    known: Any = None

    @field_validator("is_", *[name for name in OPERATORS if name != "is"])
    @classmethod
    def _shape(cls, given: object, info: ValidationInfo) -> Threshold:
        operator = "is" if info.field_name == "is_" else info.field_name
        if isinstance(given, Mapping):
            if DEFAULT not in given:
                raise PydanticCustomError("no_default", "thresholds per type need a default")
            return {str(name): _value(operator, value) for name, value in given.items()}
        return _value(operator, given)

    @model_validator(mode="after")
    def _one_operator(self) -> Test:
        given = self._operators
        if len(given) != 1:
            raise PydanticCustomError("one_operator", "exactly one operator", {"given": ", ".join(given)})
        return self

    @property
    def _operators(self) -> tuple[Operator, ...]:
        given = {"is" if name == "is_" else name for name in self.model_fields_set}
        return tuple(name for name in OPERATORS if name in given)

    @cached_property
    def operator(self) -> Operator:
        """The operator that is given."""
        return self._operators[0]

    @property
    def threshold(self) -> Threshold:
        """The threshold as written: one value, or a mapping with `default` and reference types."""
        name = self.operator
        found: Threshold = getattr(self, "is_" if name == "is" else name)
        return found

    def threshold_for(self, reference_type: str) -> Value:
        """Return what the fact is compared with for this reference type."""
        threshold = self.threshold
        if isinstance(threshold, Mapping):
            return threshold.get(reference_type, threshold[DEFAULT])
        return threshold


def _value(operator: str | None, given: object) -> Value:
    """Check one threshold's shape: a list of single values for a list operator, one single value otherwise."""
    if operator in LIST_OPERATORS:
        if isinstance(given, (list, tuple)) and given and all(isinstance(item, (str, int, float)) for item in given):
            return tuple(given)
        raise PydanticCustomError("list_threshold", "a list is needed")
    if isinstance(given, (str, int, float)):
        return given
    raise PydanticCustomError("single_threshold", "a single value is needed")


def _kind(given: object) -> str | None:
    """Name the condition meant, so that mistakes are told about that one alone."""
    if isinstance(given, Part):
        return type(given).__name__
    if not isinstance(given, Mapping):
        return None
    for name, kind in (("all", "All"), ("any", "Any_"), ("not", "Not_"), ("not_", "Not_")):
        if name in given:
            return kind
    return "Test"


Condition: TypeAlias = Annotated[
    Annotated[All, Tag("All")]
    | Annotated[Any_, Tag("Any_")]
    | Annotated[Not_, Tag("Not_")]
    | Annotated[Test, Tag("Test")],
    Discriminator(_kind),
]


def tests(condition: Condition) -> Iterator[tuple[tuple[str | int, ...], Test]]:
    """Give every test inside a condition with its path below it, in the order written."""
    if isinstance(condition, All):
        yield from _inside("all", condition.all)
    elif isinstance(condition, Any_):
        yield from _inside("any", condition.any)
    elif isinstance(condition, Not_):
        yield from ((("not", *path), test) for path, test in tests(condition.not_))
    else:
        yield (), condition


def _inside(name: str, parts: tuple[Condition, ...]) -> Iterator[tuple[tuple[str | int, ...], Test]]:
    for index, part in enumerate(parts):
        yield from (((name, index, *path), test) for path, test in tests(part))
