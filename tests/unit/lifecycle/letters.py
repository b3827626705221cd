"""A world with one customer to write to, for tests of drafts and of the tasks that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from crm_sync.lifecycle.world import World, match_key
from crm_sync.program import Program, Template, Templates

TODAY = date(2026, 3, 11)  # a Wednesday
CONTACT, ACCOUNT, OWNER, BOSS = "003000000000001AAA", "001000000000001AAA", "005000000000001AAA", "005000000000009AAA"
REQUEST, PROFILE, MATCH = "a03000000000001AAA", "a01000000000001AAA", "a02000000000001AAA"
PROSPECT = "001000000000066AAA"
TYPES = ("call", "quote", "logo", "recording", "case_study", "site_visit")
BITS = {f"{kind}_{t}": 0 for kind in ("failed", "unknown") for t in TYPES}
AGREED = {"owner_decision": "approved", "owner_decided_on": TODAY}

ROWS: Mapping[str, Mapping[str, Any]] = {
    "contact": {"id": CONTACT, "account": ACCOUNT, "opted_out": False, "email_opt_out": False},
    "account": {"id": ACCOUNT, "name": "Acme {Group}", "product": "Core", "owner": OWNER},
    "profile": {"id": PROFILE, "contact": CONTACT, "status": "active", "approved_types": ["call"]},
    "request": {
        "id": REQUEST,
        "stage": "submitted",
        "type": "call",
        "prospect": PROSPECT,
        "needed_by": date(2026, 4, 22),
        "notes": "for Secretive Inc",
    },
    "match": {
        "id": MATCH,
        "key": match_key(REQUEST, CONTACT),
        "request": REQUEST,
        "profile": PROFILE,
        "state": "proposed",
        "recommended": True,
        "attempt": 1.0,
        **AGREED,
    },
    "judged": {"contact_id": CONTACT, "notice_call": 5, **BITS},
    "held": {"match_id": MATCH, "contact_id": CONTACT, "reference_type": "call", "failed": 0, "unknown": 0},
}
OTHERS: Mapping[str, list[Mapping[str, Any]]] = {
    "user": [{"id": OWNER, "active": True}, {"id": BOSS, "active": True, "role": "program_owner"}],
    "account": [{"id": PROSPECT, "name": "Secretive Inc"}],
}


def town(world_of: Any, *, without: tuple[str, ...] = (), more: Any = None, **changes: Any) -> World:
    """One customer; `changes` alter single rows by mapping, `without` takes rows away, `more` adds rows."""
    rows = {name: [{**row, **changes.pop(name, {})}] for name, row in ROWS.items() if name not in without}
    for name, found in (*OTHERS.items(), *(more or {}).items()):
        rows.setdefault(name, []).extend(found)
    made: World = world_of(**rows, **changes)
    return made


def under(world: World, program: Program) -> World:
    """The same world under other rules."""
    return World(world.snapshot, world.verdicts, world.matches, program, world.explanations)


def with_texts(program: Program, *texts: Template) -> Program:
    """The program with these texts and no others."""
    return replace(program, templates=Templates(texts, program.templates.languages))


def shipped(program: Program, name: str, **changes: Any) -> Template:
    """A shipped text, changed."""
    found = next(text for text in program.templates.versions if text.name == name)
    return Template(**{**found.model_dump(), **changes})
