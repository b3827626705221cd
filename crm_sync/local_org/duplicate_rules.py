"""An org's duplicate rules: read from the package, run before a record is saved.

    {path: XML} -> {object: (Rule, ...)};  Rule + record -> RecordError DUPLICATES_DETECTED

Called by org (to read) and records (to run). A rule that blocks always refuses; one that allows with an alert refuses unless the
call says allowSave. Rules with fuzzy matching, filters or other objects are left out, with a line in the log that says so.
Not here: the duplicate record sets that a report action makes; the local org keeps none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lxml.etree import _Element

from crm_sync.local_org import metadata_xml, row_shapes
from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.layout import quoted
from crm_sync.local_org.metadata_xml import Files, flag, text
from crm_sync.local_org.schema import ObjectType
from crm_sync.local_org.transactions import Row, Transaction

MOST_MATCHES = 100
_LOGIC = re.compile(r"\s*(\d+|AND|OR|[()])", re.IGNORECASE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Item:
    """One field that has to agree; blanks agree with blanks only where the rule says so."""

    field: str
    blanks_match: bool


@dataclass(frozen=True)
class Rule:
    """One active duplicate rule with its matching rule. `logic` joins the numbered items: `1 AND (2 OR 3)`."""

    name: str
    matching: str
    alert: str
    blocks: Mapping[str, bool]
    alerts: Mapping[str, bool]
    items: tuple[Item, ...]
    logic: str

    def refuses(self, operation: str, allowed: bool) -> bool:
        """Say whether a match refuses the record, `operation` being Insert or Update."""
        return self.blocks[operation] or (self.alerts[operation] and not allowed)


Rules = Mapping[str, tuple[Rule, ...]]


class _LeftOutError(Exception):
    """A rule uses what the local org does not know."""


def read(files: Files) -> Rules:
    """Read the active duplicate rules of a package, by object, in their order."""
    matching = {name: element for path, content in files.items() for name, element in _matching_rules(path, content)}
    found: dict[str, list[tuple[int, Rule]]] = {}
    for path, content in files.items():
        o, _, name = PurePosixPath(path).name.removesuffix("-meta.xml").removesuffix(".duplicateRule").partition(".")
        if not path.endswith((".duplicateRule", ".duplicateRule-meta.xml")):
            continue
        root = metadata_xml.parse(content)
        if not flag(root, "isActive"):
            continue
        try:
            found.setdefault(o, []).append((metadata_xml.number(root, "sortOrder"), _rule(o, name, root, matching)))
        except _LeftOutError as error:
            _log.warning("Duplicate rule %s of %s is not run by the embedded org: %s", name, o, error)
    return {o: tuple(rule for _, rule in sorted(rules, key=lambda r: r[0])) for o, rules in found.items()}


def _matching_rules(path: str, content: bytes) -> Iterator[tuple[str, _Element]]:
    if path.endswith((".matchingRule", ".matchingRule-meta.xml")):
        for element in metadata_xml.parse(content).findall("matchingRules"):
            if text(element, "ruleStatus") == "Active":
                yield text(element, "fullName"), element


def _rule(o: str, name: str, root: _Element, matching: Mapping[str, _Element]) -> Rule:
    named = root.findall("duplicateRuleMatchRules")
    if len(named) != 1 or text(named[0], "matchRuleSObjectType", o) != o:
        raise _LeftOutError("it matches other objects, or by several matching rules")
    if root.find("duplicateRuleFilter/duplicateRuleFilterItems") is not None:
        raise _LeftOutError("it has a filter")
    matched_by = text(named[0], "matchingRule")
    if matched_by not in matching:
        raise _LeftOutError(f"its matching rule {matched_by} is not active in the package")
    items = tuple(_items(matching[matched_by]))
    logic = text(matching[matched_by], "booleanFilter") or " AND ".join(str(n) for n in range(1, len(items) + 1))
    if any(not 1 <= int(n) <= len(items) for n in re.findall(r"\d+", logic)):
        raise _LeftOutError(f"its filter {logic} names an item that is not there")
    return Rule(
        name,
        matched_by,
        text(root, "alertText"),
        {when: text(root, f"actionOn{when}") == "Block" for when in ("Insert", "Update")},
        {when: "Alert" in [e.text for e in root.findall(f"operationsOn{when}")] for when in ("Insert", "Update")},
        items,
        logic,
    )


def _items(matching: _Element) -> Iterator[Item]:
    for element in matching.findall("matchingRuleItems"):
        if text(element, "matchingMethod") != "Exact":
            raise _LeftOutError(
                f"the matching method {text(element, 'matchingMethod')} of {text(element, 'fieldName')}"
            )
        yield Item(text(element, "fieldName"), text(element, "blankValueBehavior") == "MatchBlanks")


def check(tx: Transaction, o: ObjectType, row: Row, prior: Row | None) -> None:
    """Run an object's rules on a record as it will be; raise for the first that refuses it."""
    rules: tuple[Rule, ...] = tx.laws.duplicates.get(o.name, ())
    operation = "Insert" if prior is None else "Update"
    for rule in rules:
        if not rule.refuses(operation, tx.wishes.allow_duplicates):
            continue
        if prior is not None and all(row.get(i.field) == prior.get(i.field) for i in rule.items):
            continue
        found = _matches(tx, o, rule, row)
        if found:
            result = _result(tx, o, rule, row, found, allow_save=not rule.blocks[operation])
            raise RecordError("DUPLICATES_DETECTED", rule.alert, more={"duplicateResult": result})


def _matches(tx: Transaction, o: ObjectType, rule: Rule, row: Row) -> list[Row]:
    layout = tx.layouts[o.name]
    values: list[Any] = []

    def condition(number: str) -> str:
        item = rule.items[int(number) - 1]
        value = row.get(item.field)
        if value is None:
            return f"{quoted(item.field)} IS NULL" if item.blanks_match else "0"
        values.append(value)
        return f"{quoted(item.field)} = ? COLLATE NOCASE"

    parts = [condition(t) if t.isdigit() else t.upper() for t in _LOGIC.findall(rule.logic)]
    sql = f'SELECT "Id" FROM {layout.table} WHERE ({" ".join(parts)}) AND {layout.live} AND "Id" IS NOT ? LIMIT ?'
    found = tx.connection.execute(sql, (*values, row.get("Id"), MOST_MATCHES)).fetchall()
    return [known for known in (tx.row(o, record_id) for (record_id,) in found) if known is not None]


def _same(one: Any, other: Any) -> bool:
    return one is not None and other is not None and str(one).lower() == str(other).lower()


def _result(tx: Transaction, o: ObjectType, rule: Rule, row: Row, found: list[Row], allow_save: bool) -> dict[str, Any]:
    """Shape the result as the service does: the matching records with their id alone, or with all their fields."""
    fields = row_shapes.chosen(o, tx.access, None if tx.wishes.with_record_details else "Id")
    matches = [
        {
            "additionalInformation": [],
            "fieldDiffs": [
                {"difference": "SAME", "name": item.field}
                for item in rule.items
                if _same(row.get(item.field), match.get(item.field))
            ],
            "matchConfidence": 100.0,
            "record": row_shapes.shape(tx.wishes.data_url, o, match, fields),
        }
        for match in found
    ]
    told = {
        "entityType": o.name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": matches,
        "rule": rule.matching,
        "size": len(matches),
        "success": True,
    }
    return {
        "allowSave": allow_save,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": o.name,
        "errorMessage": rule.alert,
        "matchResults": [told],
    }
