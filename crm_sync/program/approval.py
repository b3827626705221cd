"""rules/approval.yaml: who agreed to which version of rules and mappings, when, and on what simulation or without one why.

Read by the commands that run, written by `crm-sync approve`, committed like the rules. It is no rule itself and has no part
in the version. Not here: refusing (the commands do).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program.base import Part, Sentence
from crm_sync.program.load import fit, read_source
from crm_sync.program.sources import Source

FILE = "approval.yaml"
HEAD = """# Who agreed to run under these rules and mappings. Written by `crm-sync approve`; run and serve refuse any other version.
"""
_HASH = (r"[0-9a-f]{16}", "16 hex digits")
_FORMS = {"version": _HASH, "rules": _HASH, "simulation": _HASH, "on": (r"\d{4}-\d{2}-\d{2}", "a date: 2026-11-02")}


class Approval(Part):
    """One agreement. `version` is that of the program, `rules` that of its rules alone.

    `simulation` is the digest of the simulation by which these rules took the place of others, `without_simulation` why there
    was none; the first rules that were ever approved have neither.
    """

    version: str
    by: Sentence
    on: str
    rules: str | None = None
    simulation: str | None = None
    without_simulation: Sentence | None = None

    def goes_for(self, rules: str) -> bool:
        """Whether these very rules were agreed to, whatever became of mappings and texts; no when it does not say."""
        return self.rules == rules


def agreed(earlier: Approval, now: Approval) -> Approval | None:
    """Give the approval as it is to be written after an earlier one; None when rules that take the place of others were not tried first.

    Rules that stay as they were keep the ground on which they were agreed to.
    """
    if now.simulation or now.without_simulation:
        return now
    if earlier.version != now.version and not (now.rules and earlier.goes_for(now.rules)):
        return None
    return now.model_copy(update={"simulation": earlier.simulation, "without_simulation": earlier.without_simulation})


def read_approval(rules_dir: Path) -> Approval | None:
    """Read the approval beside the rules, None where there is none; raises ConfigurationError with its mistakes."""
    path = rules_dir / FILE
    if not path.exists():
        return None
    found: list[Mistake] = []
    source = read_source(path, rules_dir.name, found)
    approval = fit(source, Approval, found) if source else None
    found += _misshapen(approval, source) if source and approval else ()
    if approval is None or found:
        raise ConfigurationError(tuple(found))
    return approval


def _misshapen(approval: Approval, source: Source) -> Iterator[Mistake]:
    for name, (form, meaning) in _FORMS.items():
        value = getattr(approval, name)
        if value is not None and not re.fullmatch(form, value):
            yield source.mistake((name,), f"the text {value!r}", meaning)


def write_approval(rules_dir: Path, approval: Approval) -> Path:
    """Write the approval beside the rules and return its path."""
    path = rules_dir / FILE
    told = approval.model_dump(exclude_none=True)
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
    path.write_text(f"{HEAD}{chr(10).join(lines)}\n", encoding="utf-8")
    return path
