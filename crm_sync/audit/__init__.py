"""What was decided, on what, under which rules: kept so that any decision can be proven and made again.

`Books` notes every run's decisions in the hash-chained log and its inputs in the archive, before anything is written;
`recall` finds a run again with its inputs and rules, `differences` holds decisions made again against those kept, `Earlier`
tells how people stood on a past day, and `pack` gives what an auditor asks for; `redact` takes out whoever was forgotten. Called
by the pipeline and by `crm-sync audit`, `replay` and `simulate`. Not here: deciding, and where log and archive are kept (state).
"""

from __future__ import annotations

from crm_sync.audit.again import differences
from crm_sync.audit.books import Books, Decided
from crm_sync.audit.earlier import Earlier, kept_days
from crm_sync.audit.pack import pack
from crm_sync.audit.recall import Recalled, intact, is_redacted, recall, runs
from crm_sync.audit.redact import redactions

__all__ = [
    "Books",
    "Decided",
    "Earlier",
    "Recalled",
    "differences",
    "intact",
    "is_redacted",
    "kept_days",
    "pack",
    "recall",
    "redactions",
    "runs",
]
