"""When an outbound message is sent, read from the package: workflow files say what, flows say when.

    {path: XML} -> OutboundRule

Called by org when the schema is built. A flow counts when it starts after a record is created and calls an outbound message;
classic workflow rules on creation count too. Not here: sending (outbound).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml.etree import _Element

from crm_sync.local_org import metadata_xml
from crm_sync.local_org.metadata_xml import Files, text
from crm_sync.local_org.transactions import Row


@dataclass(frozen=True)
class Condition:
    """One filter on the created row, compared as text."""

    field: str
    equal: bool
    value: str

    def holds(self, row: Row) -> bool:
        """Say whether a row passes."""
        return (str(row.get(self.field) or "") == self.value) == self.equal


@dataclass(frozen=True)
class OutboundRule:
    """Send `fields` of a created `object` row to `endpoint` when all conditions hold."""

    name: str
    object: str
    endpoint: str
    fields: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


def read(files: Files) -> tuple[OutboundRule, ...]:
    """Read every outbound message of a package that something sends."""
    flows = [
        _root for path, content in files.items() if _is_flow(path, content) for _root in [metadata_xml.parse(content)]
    ]
    found: list[OutboundRule] = []
    for path, content in files.items():
        name = PurePosixPath(path).name
        if name.endswith((".workflow-meta.xml", ".workflow")):
            found.extend(_rules(name.split(".", maxsplit=1)[0], metadata_xml.parse(content), flows))
    return tuple(found)


def _is_flow(path: str, content: bytes) -> bool:
    return path.endswith((".flow-meta.xml", ".flow")) and b"outboundMessage" in content


def _rules(o: str, root: _Element, flows: list[_Element]) -> Iterator[OutboundRule]:
    for message in root.findall("outboundMessages"):
        name = text(message, "fullName")
        fields = tuple((f.text or "").strip() for f in message.findall("fields"))
        for conditions in (*_in_flows(o, name, flows), *_in_rules(root, name)):
            yield OutboundRule(f"{o}.{name}", o, text(message, "endpointUrl"), fields, conditions)


def _in_flows(o: str, name: str, flows: list[_Element]) -> Iterator[tuple[Condition, ...]]:
    for flow in flows:
        start = flow.find("start")
        calls = {
            text(c, "actionName") for c in flow.findall("actionCalls") if text(c, "actionType") == "outboundMessage"
        }
        if start is None or f"{o}.{name}" not in calls or text(flow, "status") != "Active":
            continue
        if text(start, "object") == o and text(start, "recordTriggerType").startswith("Create"):
            yield tuple(_flow_condition(f) for f in start.findall("filters"))


def _flow_condition(element: _Element) -> Condition:
    operator, value = text(element, "operator"), element.find("value")
    if operator not in ("EqualTo", "NotEqualTo") or value is None or len(value) != 1:
        raise ValueError(
            f"flow filter on {text(element, 'field')}: operator {operator} is not supported by the local org."
        )
    return Condition(text(element, "field"), operator == "EqualTo", (value[0].text or "").strip())


def _in_rules(root: _Element, name: str) -> Iterator[tuple[Condition, ...]]:
    for rule in root.findall("rules"):
        actions = {text(a, "name") for a in rule.findall("actions") if text(a, "type") == "OutboundMessage"}
        if name in actions and metadata_xml.flag(rule, "active"):
            yield tuple(_rule_condition(c) for c in rule.findall("criteriaItems"))


def _rule_condition(element: _Element) -> Condition:
    operator = text(element, "operation")
    if operator not in ("equals", "notEqual"):
        raise ValueError(f"workflow rule: operation {operator} is not supported by the local org.")
    return Condition(text(element, "field").rpartition(".")[2], operator == "equals", text(element, "value"))
