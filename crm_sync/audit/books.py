"""One run's decisions -> the archive and the decision log, before anything of them is written to the org.

Called by the pipeline once a run is going to write. The entry of a run comes last, so that its seal covers all others.
Not here: what is said about each decision (`decided`), and finding a run again (`recall`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_sync import __version__
from crm_sync.audit.decided import changes, keep_decisions, kept_decisions
from crm_sync.audit.inputs import keep_inputs
from crm_sync.errors import PermanentError
from crm_sync.keeping import Decisions, Shelf
from crm_sync.model.matches import Matches
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdicts import Verdicts
from crm_sync.program import Program

RUN = "run"


@dataclass(frozen=True)
class Decided:
    """What one run decided: on what, under which rules, with what result, and the checksum of the plan it led to."""

    snapshot: Snapshot
    verdicts: Verdicts
    matches: Matches
    plan: str
    program: Program
    kind: str

    @property
    def run_id(self) -> str:
        """The name of this run in the log: the moment it decided for, and its plan."""
        return f"{self.snapshot.as_of:%Y%m%dT%H%M%SZ}-{self.plan}"


@dataclass(frozen=True)
class Books:
    """Where runs are noted. `sources` are the rules' and mappings' own texts by path; `facts` are noted with every run."""

    log: Decisions
    archive: Shelf
    sources: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def keep(self, decided: Decided) -> str:
        """Note a run: its inputs, rules and decisions in the archive, what changed in the log. Returns its last seal."""
        inputs = keep_inputs(decided.snapshot, decided.program, self.archive)
        sources = self.archive.put(json.dumps(dict(self.sources), sort_keys=True).encode())
        decisions = keep_decisions(decided.snapshot, decided.verdicts, decided.matches, self.archive)
        told = list(changes(kept_decisions(decisions, self.archive), self._before(), self.archive))
        run = {
            "what": RUN,
            "kind": decided.kind,
            "as_of": decided.snapshot.as_of.isoformat(),
            "org": decided.snapshot.org_id,
            "rules": decided.program.version,
            "plan": decided.plan,
            "inputs": inputs,
            "sources": sources,
            "decisions": decisions,
            "people": decided.verdicts.table.num_rows,
            "requests": len(decided.matches.slates),
            "changed": len(told),
            "software": __version__,
            **self.facts,
        }
        return self.log.append(decided.run_id, [*told, run])

    def _before(self) -> Mapping[str, Any] | None:
        """Give the decisions of the last run that was noted, None when there is none or they are no longer kept."""
        last = self.log.last(RUN)
        try:
            return kept_decisions(last["decisions"], self.archive) if last else None
        except PermanentError:
            return None
