"""JSON Schemas of rules/ and mappings/, so that an editor completes names and marks typos while somebody types.

Rendered from the same models that read the files, and from the program's own facts and reference types; a test holds
the committed files to what is rendered here. `write_schemas` renews them. Not here: the checks between files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from crm_sync.program.cases import EVERY_TYPE, CaseFile
from crm_sync.program.conditions import DEFAULT, LIST_OPERATORS, MEANINGS, Operator
from crm_sync.program.draft import RULE_FILES
from crm_sync.program.mappings import ANY_OBJECT, MAPPING_NAMES, MappingFile
from crm_sync.program.program import Program
from crm_sync.program.templates import Template

Json: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(program: Program) -> Mapping[str, str]:
    """Render every schema, by its path below the repository: `rules/schemas/consent.schema.json` and so on."""
    files = {f"rules/schemas/{name}.schema.json": _rule_schema(name, program) for name in RULE_FILES}
    files["rules/schemas/cases.schema.json"] = _case_schema(program)
    files["rules/schemas/template.schema.json"] = _template_schema(program)
    files["mappings/mappings.schema.json"] = _mapping_schema()
    return {path: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for path, schema in files.items()}


def write_schemas(program: Program, rules_dir: Path, mappings_dir: Path) -> None:
    """Write every schema into its folder."""
    (rules_dir / "schemas").mkdir(exist_ok=True)
    for path, text in schemas(program).items():
        folder, _, name = path.partition("/")
        ((rules_dir if folder == "rules" else mappings_dir) / name).write_text(text, encoding="utf-8")


def _rule_schema(name: str, program: Program) -> Json:
    model = RULE_FILES[name]
    schema = _plain(model.model_json_schema(by_alias=True), program)
    if "Test" in schema.get("$defs", {}):
        schema["$defs"]["Test"] = _test(program)
    return _headed(schema, f"rules/{name}.yaml")


def _template_schema(program: Program) -> Json:
    schema = _plain(Template.model_json_schema(by_alias=True), program)
    schema["properties"]["language"] = {"enum": list(program.templates.languages)}
    return _headed(schema, "rules/templates/*.yaml")


def _case_schema(program: Program) -> Json:
    schema = _plain(CaseFile.model_json_schema(by_alias=True), program)
    entry = schema["$defs"]["CaseEntry"]["properties"]
    by_type = entry["expect"]["additionalProperties"]
    by_type.pop("patternProperties", None)
    by_type["propertyNames"] = {"enum": [EVERY_TYPE, *program.types]}
    by_type["additionalProperties"] = {"$ref": "#/$defs/Expected"}
    given = {
        "type": "object",
        "description": "Records by mapping name and id",
        "properties": {name: _records(program, name) for name in program.mappings},
        "additionalProperties": False,
    }
    schema["properties"]["given"] = given
    entry["change"] = given | {"description": "Fields to change; null instead of a record takes it away"}
    return _headed(schema, "rules/cases/*.yaml")


def _records(program: Program, name: str) -> Json:
    fields: Json = {field.name: {} for field in program.mappings[name].pulled if field.type != "id"}
    for field in program.mappings[name].pulled:
        if field.values and field.type == "picklist":
            fields[field.name] = {"enum": [*field.program_values, None]}
    record = {"type": ["object", "null"], "properties": fields, "additionalProperties": False}
    return {"type": "object", "additionalProperties": record}


def _mapping_schema() -> Json:
    schema = _plain(MappingFile.model_json_schema(by_alias=True), None)
    entry = schema["$defs"]["FieldEntry"]
    entry["properties"]["to"] = {"enum": [*MAPPING_NAMES, ANY_OBJECT]}
    entry["allOf"] = [
        _when_type(["reference"], {"required": ["to"]}),
        _when_type(["picklist", "multipicklist"], {"required": ["values"]}),
    ]
    return _headed(schema, "mappings/*.yaml")


def _when_type(types: list[str], then: Json) -> Json:
    return {"if": {"properties": {"type": {"enum": types}}, "required": ["type"]}, "then": then}


def _headed(schema: Json, title: str) -> Json:
    return {"$schema": DIALECT, "title": title} | {name: part for name, part in schema.items() if name != "title"}


def _plain(node: Any, program: Program | None) -> Any:
    """Leave out what only a Python reader needs: titles, null for what may be left out; name the reference types."""
    if isinstance(node, list):
        return [_plain(item, program) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("reference_type") and program is not None:
        return {"enum": list(program.types)}
    absent = "default" in node and node["default"] is None
    kept = {
        name: _plain(part, program)
        for name, part in node.items()
        if not (name == "title" and isinstance(part, str)) and not (name == "default" and part is None)
    }
    if absent and "anyOf" in kept:
        given = [part for part in kept.pop("anyOf") if part != {"type": "null"}]
        kept |= given[0] if len(given) == 1 else {"anyOf": given}
    return kept


def _test(program: Program) -> Json:
    """Describe one comparison: a fact of the catalogue and exactly one operator."""
    facts = program.facts.values()
    properties: Json = {
        "fact": {
            "enum": [fact.name for fact in facts],
            "enumDescriptions": [f"{fact.about} ({fact.unit or fact.type})" for fact in facts],
        }
    }
    properties |= {operator: _threshold(operator, program) for operator in MEANINGS}
    return {
        "type": "object",
        "description": "One fact compared by exactly one operator",
        "properties": properties,
        "required": ["fact"],
        "minProperties": 2,
        "maxProperties": 2,
        "additionalProperties": False,
    }


def _threshold(operator: Operator, program: Program) -> Json:
    single = _single(operator)
    value: Json = {"type": "array", "items": single, "minItems": 1} if operator in LIST_OPERATORS else single
    per_type = {
        "type": "object",
        "properties": dict.fromkeys((DEFAULT, *program.types), value),
        "required": [DEFAULT],
        "additionalProperties": False,
    }
    return {"description": f"The fact {MEANINGS[operator]}", "anyOf": [value, per_type]}


def _single(operator: Operator) -> Json:
    if operator in {"at_least", "at_most", "above", "below"}:
        return {"type": "number"}
    if operator in {"before", "after"}:
        return {"type": "string", "format": "date"}
    if operator == "known":
        return {"type": "boolean"}
    return {"type": ["string", "number", "boolean"]}
