"""The generated schemas and tables are the committed ones, and an editor that uses them sees what matters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crm_sync.errors import ConfigurationError
from crm_sync.program.conditions import OPERATORS
from crm_sync.program.draft import RULE_FILES
from crm_sync.program.load import program_of
from crm_sync.program.nodes import Plain
from crm_sync.program.pages import renewed
from crm_sync.program.program import Program
from crm_sync.program.reader import read
from crm_sync.program.renew import renew
from crm_sync.program.schemas import schemas
from crm_sync.program.sources import Source

ROOT = Path(__file__).parents[3]
YAML_FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("rules/*.yaml", "rules/templates/*.yaml", "rules/cases/*.yaml", "mappings/*.yaml")
    for path in ROOT.glob(pattern)
    if path.name != "approval.yaml"  # written by a command, not by hand
)


def test_the_committed_schemas_are_the_rendered_ones(program: Program) -> None:
    rendered = schemas(program)
    committed = [*ROOT.glob("rules/**/*.schema.json"), *ROOT.glob("mappings/*.schema.json")]
    assert {path.relative_to(ROOT).as_posix() for path in committed} == set(rendered)
    for path, text in rendered.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path} is old: see crm_sync/program/renew.py"


@pytest.mark.parametrize("page", ["rules/README.md", "mappings/README.md"])
def test_the_committed_tables_are_the_rendered_ones(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert renewed(text, page) == text
    assert "<!-- end of" in text


def test_schemas_and_tables_can_be_renewed(tmp_path: Path) -> None:
    rules, mappings = tmp_path / "rules", tmp_path / "mappings"
    for folder in (rules, mappings):
        folder.mkdir()
        for path in (ROOT / folder.name).glob("*.yaml"):
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / "README.md").write_text(
            "# Page\n<!-- owners -->\nold\n<!-- end of owners -->\nend\n", encoding="utf-8"
        )
    renew(rules, mappings)
    renew(rules, mappings)
    assert len(list((rules / "schemas").iterdir())) == len(RULE_FILES) + 2
    assert (mappings / "mappings.schema.json").exists()
    page = (rules / "README.md").read_text(encoding="utf-8")
    assert "old" not in page
    assert page.endswith("<!-- end of owners -->\nend\n")
    assert "| `human` |" in page


def examples() -> list[str]:
    table = (ROOT / "rules/README.md").read_text(encoding="utf-8").partition("<!-- end of operators -->")[0]
    return re.findall(r"`(\{fact: .*\})` \|$", table, flags=re.MULTILINE)


def test_every_operator_has_an_example() -> None:
    assert [operator for operator in OPERATORS if not any(f", {operator}: " in one for one in examples())] == []


@pytest.mark.parametrize("example", examples())
def test_the_examples_on_the_page_are_right(shipped: Mapping[str, Source], example: str) -> None:
    text = (ROOT / "rules/qualification.yaml").read_text(encoding="utf-8")
    old = "{fact: account.implementation_stage, is: production}"
    assert old in text
    changed = Source("q", read(text.replace(old, example).encode(), "q"))
    assert program_of({**shipped, "rules/qualification": changed})


def test_a_table_without_an_end_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"x\.md:2: found <!-- owners --> without an end"):
        renewed("a\n<!-- owners -->\n", "x.md")


@pytest.mark.parametrize("file", YAML_FILES)
def test_every_file_names_a_schema_that_takes_it(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named, f"{file} names no schema in its first line"
    schema = json.loads((ROOT / file).parent.joinpath(named[1]).resolve().read_text(encoding="utf-8"))
    assert complaints(read(text.encode(), file).plain, schema, schema) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rules/qualification.yaml", "at_most: 180", "atmost: 180"),
        ("rules/qualification.yaml", "at_most: 180", "at_most: half a year"),
        ("rules/qualification.yaml", "at_most: 180}", "at_most: 180, above: 3}"),
        ("rules/qualification.yaml", "fact: nps_age_days", "fact: nps_age"),
        ("rules/qualification.yaml", "weight: hard\n", "weight: heavy\n"),
        ("rules/qualification.yaml", "types: [call]", "types: [cal]"),
        ("rules/qualification.yaml", "{default: 9, call: 8}", "{call: 8}"),
        ("rules/qualification.yaml", "{default: 9, call: 8}", "{default: 9, calls: 8}"),
        ("rules/qualification.yaml", "one_of: [none, watch]", "one_of: none"),
        ("rules/qualification.yaml", "known: true", "known: 1"),
        ("rules/tolerance.yaml", "per: person", "per: human"),
        ("rules/tolerance.yaml", "limit: 2,", "limit: two,"),
        ("rules/lead_time.yaml", "  call: 5", "  cal: 5"),
        ("rules/retention.yaml", "true", "yes"),
        ("mappings/account.yaml", "type: checkbox", "type: check"),
        ("mappings/account.yaml", "type: reference, to: user", "type: reference"),
        ("mappings/account.yaml", "key: null", "key: 5"),
        ("rules/cases/reference.yaml", "churn_risk: none", "churn_risk: no"),
        ("rules/cases/reference.yaml", "standing: blocked", "standing: refused"),
        ("rules/cases/reference.yaml", "        call: {", "        phone: {"),
        ("rules/cases/reference.yaml", "      country: Germany", "      county: Germany"),
    ],
)
def test_an_editor_marks_a_slip(file: str, old: str, new: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert old in text
    name = Path(file).stem if "cases" not in file else "cases"
    path = "mappings/mappings" if file.startswith("mappings") else f"rules/schemas/{name}"
    schema = json.loads((ROOT / f"{path}.schema.json").read_text(encoding="utf-8"))
    assert complaints(read(text.replace(old, new, 1).encode(), file).plain, schema, schema)


def complaints(value: Plain, schema: Any, root: Any) -> list[str]:
    """Validate the part of JSON Schema that the schemas here use."""
    if schema is True or schema == {}:
        return []
    if schema is False:
        return ["nothing may stand here"]
    strange = set(schema) - CHECKS.keys() - {"$schema", "$defs", "title", "description", "default", "if", "then"}
    assert strange <= {"enumDescriptions", "format", "additionalProperties", "patternProperties"}, strange
    found = [text for word, check in CHECKS.items() if word in schema for text in check(value, schema, root)]
    if "if" in schema and not complaints(value, schema["if"], root):
        found += complaints(value, schema["then"], root)
    return found


def _ref(value: Plain, schema: Any, root: Any) -> list[str]:
    return complaints(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)


def _type(value: Plain, schema: Any, _root: Any) -> list[str]:
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    truth = isinstance(value, bool)
    fits = {
        "string": isinstance(value, str),
        "boolean": truth,
        "integer": isinstance(value, int) and not truth,
        "number": isinstance(value, int | float) and not truth,
        "array": isinstance(value, tuple),
        "object": isinstance(value, dict),
        "null": value is None,
    }
    return [] if any(fits[name] for name in wanted) else [f"{value!r} is no {wanted}"]


def _properties(value: Plain, schema: Any, root: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    found: list[str] = []
    for name, part in value.items():
        patterns = [s for pattern, s in schema.get("patternProperties", {}).items() if re.search(pattern, name)]
        if name in schema.get("properties", {}):
            found += complaints(part, schema["properties"][name], root)
        elif patterns:
            found += complaints(part, patterns[0], root)
        else:
            found += complaints(part, schema.get("additionalProperties", True), root)
    return found


def _any(value: Plain, schema: Any, root: Any) -> list[str]:
    parts = schema.get("anyOf") or schema["oneOf"]
    return [] if any(not complaints(value, part, root) for part in parts) else [f"{value!r} fits nothing"]


def _items(value: Plain, schema: Any, root: Any) -> list[str]:
    items = value if isinstance(value, tuple) else ()
    return [text for item in items for text in complaints(item, schema["items"], root)]


def _bound(fits: Any) -> Any:
    def check(value: Plain, schema: Any, _root: Any) -> list[str]:
        return [] if fits(value, schema) else [f"{value!r} is out of bounds"]

    return check


def _size(value: Plain) -> int:
    return len(value) if isinstance(value, str | tuple | dict) else 0


def _number(value: Plain) -> float | None:
    return value if isinstance(value, int | float) else None


CHECKS: dict[str, Any] = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "additionalProperties": lambda v, s, r: [] if "properties" in s else _properties(v, s, r),
    "patternProperties": lambda v, s, r: (
        [] if "properties" in s or "additionalProperties" in s else _properties(v, s, r)
    ),
    "anyOf": _any,
    "oneOf": _any,
    "allOf": lambda v, s, r: [text for part in s["allOf"] for text in complaints(v, part, r)],
    "items": _items,
    "enum": _bound(lambda v, s: any(v == one and type(v) is type(one) for one in s["enum"])),
    "const": _bound(lambda v, s: v == s["const"]),
    "required": _bound(lambda v, s: not isinstance(v, dict) or all(name in v for name in s["required"])),
    "propertyNames": lambda v, s, r: [t for name in (v or {}) for t in complaints(name, s["propertyNames"], r)],
    "pattern": _bound(lambda v, s: not isinstance(v, str) or re.search(s["pattern"], v)),
    "minLength": _bound(lambda v, s: not isinstance(v, str) or len(v) >= s["minLength"]),
    "maxLength": _bound(lambda v, s: not isinstance(v, str) or len(v) <= s["maxLength"]),
    "minItems": _bound(lambda v, s: not isinstance(v, tuple) or len(v) >= s["minItems"]),
    "minProperties": _bound(lambda v, s: not isinstance(v, dict) or len(v) >= s["minProperties"]),
    "maxProperties": _bound(lambda v, s: not isinstance(v, dict) or len(v) <= s["maxProperties"]),
    "minimum": _bound(lambda v, s: _number(v) is None or v >= s["minimum"]),
    "maximum": _bound(lambda v, s: _number(v) is None or v <= s["maximum"]),
    "exclusiveMinimum": _bound(lambda v, s: _number(v) is None or v > s["exclusiveMinimum"]),
}
