"""Turn pydantic's errors into sentences for somebody who has never seen Python.

Called by `load` and `cases` for every file that does not fit its model. Not here: mistakes between files (`checks`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from crm_sync.errors import Mistake
from crm_sync.program.base import API_NAME, NAME, names_at
from crm_sync.program.nodes import ListNode, MapNode, Node, Path, Scalar, follow
from crm_sync.program.sources import Source, nearest, one_of

_QUOTED = re.compile(r"'([^']*)'")
_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}

_CONDITION = "a condition: {{fact: contact.nps, at_least: 9}}, or all, any or not with conditions"

_NAMES: Mapping[str, str] = {
    NAME: "small letters, digits and underscores, starting with a letter, as in health_level",
    API_NAME: "an API name: letters, digits and underscores, as in BillingCountry",
}
_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "day": "a date: 2026-11-02",
    "date_type": "a date: 2026-11-02",
    "tuple_type": "a list: [one, two]",
    "dict_type": "names and values",
    "mapping_type": "names and values",
    "model_type": "names and values",
    "model_attributes_type": "names and values",
    "union_tag_not_found": _CONDITION,
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "some text",
    "too_short": "at least one entry",
    "no_default": "a value for `default`, and others per reference type: {{default: 75, case_study: 80}}",
    "list_threshold": "a list of values: [one, two]",
    "single_threshold": "one value: a text, a number, true or false",
    "one_operator": "exactly one comparison next to the fact, as in {{fact: contact.nps, at_least: 9}}",
    "points_missing": "`points` from 1 to 100, because its weight is scored",
    "points_unused": "no points, because only a criterion of weight scored has them",
    "field_or_fields": "the name of a field, as in profile.max_calls_year, or a list of them",
    "words_or_types": "a list of reference types, or {words}",
    "weights_sum": "weights that sum to 100",
    "load_price_falls": "prices that do not fall: first, second, third",
    "sizes_fall": "numbers that rise: small, medium, large, enterprise",
    "amounts_fall": "amounts that rise, the first of them 0",
    "months": "twelve, from January on",
}
_FOUND: Mapping[str, str] = {
    "points_missing": "a scored criterion without `points`",
    "points_unused": "`points` on a criterion that is not scored",
    "no_default": "thresholds per type without `default`",
    "load_price_falls": "prices that fall",
    "sizes_fall": "sizes that do not rise",
    "amounts_fall": "amounts that do not rise from 0",
    "weights_sum": "weights that sum to {total}",
    "months": "{given} months",
}
"""What our own error types found, where the value itself would not say it."""

"""What each of pydantic's error types, and of ours, expected. Braces are filled from the error's context."""


def mistakes(error: ValidationError, model: type[BaseModel], source: Source) -> list[Mistake]:
    """Translate every error of one file, in the file's order."""
    details = error.errors(include_url=False)
    misspelt = {_meant_by(detail, model) for detail in details if detail["type"] == "extra_forbidden"}
    told = (detail for detail in details if detail["type"] != "missing" or detail["loc"] not in misspelt)
    return [_mistake(detail, model, source) for detail in told]


def _meant_by(detail: ErrorDetails, model: type[BaseModel]) -> Path:
    """Where the name that was probably meant belongs, so that its absence need not be told as well."""
    *parent, name = detail["loc"]
    return (*parent, nearest(str(name), names_at(model, tuple(parent))) or "")


def _mistake(detail: ErrorDetails, model: type[BaseModel], source: Source) -> Mistake:
    path: Path = detail["loc"]
    special = _SPECIAL.get(detail["type"])
    if special is not None:
        return special(detail, model, source)
    node, _ = follow(source.root, path)
    expected = _NAMES.get(str(detail.get("ctx", {}).get("pattern"))) or _EXPECTED[detail["type"]]
    expected = expected.format(**detail.get("ctx", {}))
    return source.mistake(path, _found(detail, node, path), expected, _meant(detail, node))


def _found(detail: ErrorDetails, node: Node, path: Path) -> str:
    if detail["type"] == "one_operator":
        given = detail["ctx"]["given"]
        return f"the comparisons {given}" if given else "no comparison"
    if detail["type"] in _FOUND:
        return _FOUND[detail["type"]].format(**detail.get("ctx", {}))
    if path[-1:] == ("[key]",):
        return f"the name {path[-2]!r}"
    names = [step for step in path if isinstance(step, str)]
    link = "for" if path and path[-1] == names[-1] else "in"
    return f"{describe(node)} {link} `{names[-1]}`" if names else describe(node)


def describe(node: Node) -> str:
    """Say what stands there, as the person who wrote it would."""
    match node:
        case MapNode():
            return "names and values" if node.entries else "an empty map"
        case ListNode():
            return "a list" if node.items else "an empty list"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool() as truth):
            return str(truth).lower()
        case Scalar(value=str() as text):
            return f"the text {text[:60]!r}"
    return f"the number {node.plain}"


def _meant(detail: ErrorDetails, node: Node) -> str | None:
    text = node.value if isinstance(node, Scalar) else None
    if detail["type"] == "bool_type" and isinstance(text, str):
        return truth_meant(text)
    if detail["type"] == "string_type" and isinstance(text, bool | int | float):
        return f'"{str(text).lower()}"'
    return None


def truth_meant(text: str) -> str | None:
    """Guess whether somebody who wrote `yes`, `No` or `True` meant true or false."""
    return _YES_NO.get(text.casefold(), nearest(text, ["true", "false"]))


def _missing(detail: ErrorDetails, _model: type[BaseModel], source: Source) -> Mistake:
    *parent, name = detail["loc"]
    return source.mistake(tuple(parent), f"no `{name}`", f"a line `{name}: ...`")


def _extra(detail: ErrorDetails, model: type[BaseModel], source: Source) -> Mistake:
    *parent, name = detail["loc"]
    known = names_at(model, tuple(parent))
    return source.unknown(detail["loc"], "the name", str(name), known)


def _literal(detail: ErrorDetails, _model: type[BaseModel], source: Source) -> Mistake:
    known = _QUOTED.findall(str(detail["ctx"]["expected"]))
    node, _ = follow(source.root, detail["loc"])
    meant = nearest(node.value, known) if isinstance(node, Scalar) and isinstance(node.value, str) else None
    return source.mistake(detail["loc"], _found(detail, node, detail["loc"]), one_of(known), meant)


_SPECIAL: Mapping[str, Callable[[ErrorDetails, type[BaseModel], Source], Mistake]] = {
    "missing": _missing,
    "extra_forbidden": _extra,
    "literal_error": _literal,
}
