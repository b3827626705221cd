"""Every contact's verdicts as columns: two masks per reference type, and the usage behind them.

Made by `evaluate`, read by matching and lifecycle. Text is not here: it is rendered for what is shown or written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from crm_sync.model.verdict import Weight


@dataclass(frozen=True)
class RuleRef:
    """One criterion in bit order: its id, content hash, weight, and the reference types it applies to."""

    id: str
    version: str
    weight: Weight
    types: tuple[str, ...]


@dataclass(frozen=True)
class Verdicts:
    """One row per contact.

    Columns: contact_id, account_id, person_key (the smallest contact id among duplicates of the same person),
    strength (0-100), health_since, calls_90d, activations_180d, uses_365d, effort_365d, reservations,
    next_available_on, next_check_in_on; and for each reference type t: failed_t, unknown_t, caution_t (int64 masks,
    bit i = rules[i]) and free_on_t (the first day every dated criterion would pass, null if none is dated).
    A person may be asked for t exactly when failed_t and unknown_t have no bit of a hard criterion: those masks
    hold hard criteria only; caution_t holds cautions that a person has to approve knowingly.
    """

    as_of: datetime
    rules: tuple[RuleRef, ...]
    types: tuple[str, ...]
    table: pa.Table
