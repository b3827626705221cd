"""An org's own formulas: validation rules run before a record is saved, and defaults of new records.

    {path: XML} -> {object: (Rule, ...)};  Rule + record -> RecordError

Called by org (to read) and records (to run). A rule whose formula uses what the local org does not know is left out, with a
line in the log that says so. Not here: the formula language (formula).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

from lxml.etree import _Element

from crm_sync.local_org import formula, metadata_xml
from crm_sync.local_org.clock import parse_stamp
from crm_sync.local_org.errors import RecordError
from crm_sync.local_org.formula_functions import UnsupportedFormulaError
from crm_sync.local_org.metadata_xml import Files, flag, text
from crm_sync.local_org.schema import Field, ObjectType
from crm_sync.local_org.transactions import Row, Transaction
from crm_sync.local_org.values import accept

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rule:
    """One active rule: when `condition` holds the record is refused with `message` at `field`."""

    name: str
    condition: formula.Node
    message: str
    field: str | None


Rules = Mapping[str, tuple[Rule, ...]]


def read(files: Files) -> Rules:
    """Read the active rules of a package, by object."""
    found: dict[str, dict[str, Rule]] = {}
    for path, content in files.items():
        for o, element in _elements(PurePosixPath(path), content):
            rule = _rule(o, element) if flag(element, "active") else None
            if rule is not None:
                found.setdefault(o, {})[rule.name] = rule
    return {o: tuple(rules.values()) for o, rules in found.items()}


def _elements(path: PurePosixPath, content: bytes) -> Iterator[tuple[str, _Element]]:
    if path.name.endswith(".validationRule-meta.xml"):
        yield path.parent.parent.name, metadata_xml.parse(content)
    elif path.name.endswith(".object") and b"<validationRules>" in content:
        for element in metadata_xml.parse(content).findall("validationRules"):
            yield path.stem, element


def _rule(o: str, element: _Element) -> Rule | None:
    name = text(element, "fullName")
    try:
        condition = formula.parse(text(element, "errorConditionFormula"))
    except UnsupportedFormulaError as error:
        _log.warning("Validation rule %s of %s is not run by the embedded org: %s", name, o, error)
        return None
    return Rule(name, condition, text(element, "errorMessage"), text(element, "errorDisplayField") or None)


def check(tx: Transaction, o: ObjectType, row: Row, prior: Row | None) -> None:
    """Run an object's rules on a record as it will be; raise the first that refuses it."""
    rules: tuple[Rule, ...] = tx.laws.validation.get(o.name, ())
    scope = _Record(tx, o, row, prior)
    for rule in rules:
        if rule.condition.value(scope):
            raise RecordError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, [rule.field] if rule.field else [])


def default(tx: Transaction, o: ObjectType, row: Row, f: Field, node: formula.Node) -> Any:
    """Work out the default of a field of a new record, in stored form."""
    found = node.value(_Record(tx, o, row, None))
    return accept(f, found.isoformat() if isinstance(found, date) else found)


@dataclass(frozen=True)
class _Record:
    """A record under validation, as formulas see it."""

    tx: Transaction
    type: ObjectType
    row: Row
    prior: Row | None

    @property
    def is_new(self) -> bool:
        return self.prior is None

    @property
    def now(self) -> datetime:
        return parse_stamp(self.tx.stamp)

    @property
    def today(self) -> date:
        return self.now.date()

    def read(self, path: str, prior: bool = False) -> Any:
        if path.startswith("$"):
            return self._variable(path)
        row = self.prior if prior and self.prior is not None else self.row
        *parents, name = path.split(".")
        return _follow(self.tx, self.type, row, parents, name)

    def _variable(self, path: str) -> Any:
        kind, _, name = path.partition(".")
        if kind == "$Permission":
            return name in self.tx.access.custom_permissions
        if kind == "$User":
            user = self.tx.schema.objects["user"]
            return _follow(self.tx, user, self.tx.row(user, self.tx.access.user_id) or {}, [], name)
        return None


def _follow(tx: Transaction, o: ObjectType, row: Row, parents: list[str], name: str) -> Any:
    """Read a field of a row, or of the row some lookups away."""
    if not parents:
        f = o.field(name)
        return None if f is None else _value(f, row.get(f.name))
    reference = o.relationship(parents[0])
    target_id = row.get(reference.name) if reference else None
    target = tx.schema.by_prefix(target_id) if target_id else None
    if target is None or target_id is None:
        return None
    return _follow(tx, target, tx.row(target, target_id) or {}, parents[1:], name)


def _value(f: Field, stored: Any) -> Any:
    if f.type == "boolean":
        return bool(stored)
    if stored is None:
        return None
    if f.type == "date":
        return date.fromisoformat(stored)
    if f.type == "datetime":
        return parse_stamp(stored)
    return float(stored) if isinstance(stored, int) else stored
