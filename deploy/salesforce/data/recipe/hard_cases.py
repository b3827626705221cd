"""Expands hard_cases.yml into records: a perfect reference for each case, with what makes the case hard laid over it.

Called by `generate.py`; the result has the same shape as what the recipe draws. Nothing here is drawn by chance.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

Fields = dict[str, Any]
WHOLE_DAY = re.compile(r"day([+-]\d+)(?:T(\d\d:\d\d))?")
DAY_IN_TEXT = re.compile(r"\{day([+-]\d+)\}")
OWN_RECORD = re.compile(r"@(?!case_|user_)([a-z]\w*)")
TEMPLATES_OF_A_CASE = ("account", "contact", "profile", "consent", "check_in")


def expand(book: Mapping[str, Any], anchor: date) -> Iterator[tuple[str, str, Fields]]:
    """Yield (object, reference id, fields) of every record of every case."""
    for case in book["cases"]:
        for name, fields in _records(book["perfect"], case).items():
            object_name = fields.pop("object")
            yield object_name, f"case_{case['case']}_{name}", _finished(fields, case["case"], anchor)


def _records(perfect: Mapping[str, Fields], case: Mapping[str, Any]) -> dict[str, Fields]:
    records = _perfect_records(perfect, case) if case.get("company") else {}
    for name in case.get("without", ()):
        del records[name]
    for name, changed in case.get("change", {}).items():
        records[name] |= changed
    for name, added in case.get("add", {}).items():
        fields = dict(added)
        base = fields.pop("as", None)
        records[name] = (copy.deepcopy(perfect[base]) if base else {}) | fields
    return records


def _perfect_records(perfect: Mapping[str, Fields], case: Mapping[str, Any]) -> dict[str, Fields]:
    types = case.get("types", ["Sales Call"])
    named = {name: copy.deepcopy(perfect[name]) for name in TEMPLATES_OF_A_CASE}
    named["account"]["Name"] = case["company"]
    if case.get("person"):
        named["contact"] |= _person(case["person"], case["company"])
    named["profile"] |= {"Approved_Types__c": ";".join(types), "Briefed_Types__c": ";".join(types)}
    consent = named.pop("consent")
    return named | {f"consent_{_snake(use)}": consent | {"Use__c": use} for use in types}


def _person(name: str, company: str) -> Fields:
    first, _, last = name.rpartition(" ")
    mailbox, domain = _words(name), _words(company)
    return {"FirstName": first, "LastName": last, "Email": f"{'.'.join(mailbox)}@{'-'.join(domain)}.example"}


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower()) or ["name"]


def _snake(text: str) -> str:
    return "_".join(_words(text))


def _finished(fields: Fields, case: str, anchor: date) -> Fields:
    return {name: _value(value, case, anchor) for name, value in fields.items() if value is not None}


def _value(value: Any, case: str, anchor: date) -> Any:
    if not isinstance(value, str):
        return value
    if own := OWN_RECORD.fullmatch(value):
        return f"@case_{case}_{own[1]}"
    if whole := WHOLE_DAY.fullmatch(value):
        return _day(anchor, whole[1]) + (f"T{whole[2]}:00.000Z" if whole[2] else "")
    return DAY_IN_TEXT.sub(lambda found: _day(anchor, found[1]), value)


def _day(anchor: date, offset: str) -> str:
    return (anchor + timedelta(days=int(offset))).isoformat()


def table(cases: Iterable[Mapping[str, Any]], records: Mapping[str, list[str]]) -> str:
    """Write the README's table: case, its records, what the program has to do."""
    lines = ["| case | records | expected outcome |", "|---|---|---|"]
    for case in cases:
        names = ", ".join(f"`{name}`" for name in records[case["case"]])
        lines.append(f"| `case_{case['case']}` | {names} | {case['outcome']} |")
    return "\n".join(lines)
