"""Every contact's verdicts as columns: two masks per reference type, and the usage behind them.

Made by `evaluate`, read by matching and lifecycle. Text is not here: it is rendered for what is shown or written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from crm_sync.model.verdict import Weight

HELD = pa.schema(
    [
        ("contact_id", pa.string()),
        ("request_id", pa.string()),
        ("match_id", pa.string()),
        ("activity_id", pa.string()),
        ("reference_type", pa.string()),
        ("failed", pa.int64()),
        ("unknown", pa.int64()),
        ("caution", pa.int64()),
    ]
)


@dataclass(frozen=True)
class RuleRef:
    """One criterion in bit order: its id, content hash, weight, and the reference types it applies to."""

    id: str
    version: str
    weight: Weight
    types: tuple[str, ...]


@dataclass(frozen=True)
class Verdicts:
    """One row per contact: those with anything of their own on record first when contacts are many, each in the table's order.

    Who: contact_id, account_id, person_key (the smallest contact id among duplicates of the same person).

    How they stand: strength (0-100, scored points over possible points), is_candidate (passes every hard criterion of
    stage `qualify` for at least one type, and shows potential or was nominated), health_since (day since which health
    has held; null while it does not), next_available_on (first day some approved type is free again by consent, caps, cooldowns
    and blackouts; null when none of them stands in the way of one, or nothing is dated), next_check_in_on.

    What they gave: calls_90d, activations_180d, uses_365d, effort_365d (what may have happened counts), reservations
    (open asks), and for each cap of rules/tolerance `left_<cap id>`: what is left of it today after uses and
    reservations (uses or effort points; the account's for an account cap; null when unknown).

    For each reference type t:
    - failed_t, unknown_t (int64 masks, bit i = rules[i]): hard criteria that are false, or unknown. A person may be
      asked for t exactly when both are 0.
    - caution_t (mask): cautions that are not true, which the account owner has to approve knowingly.
    - free_on_t (date): the first day every dated criterion that is now false would pass; null if none is dated.
    - notice_t (business days): lead time, longer for a first ask, the person's own notice if that is longer still.
    - earliest_t (date): today, where the customer is, plus notice_t in their business days, moved past their blackouts;
      null without a profile, when their blackouts or the org's holidays cannot be read, or two years ahead and more.
    - territory_t (list of texts), audience_t (text), consent_until_t (date, the first day without): what the consent
      to t covers; the narrowest of several; null without a good consent.

    `held` has one row per open ask (a reservation): contact_id, request_id, match_id, activity_id, reference_type,
    failed, unknown, caution - the verdict for that very ask, which does not count itself against the caps. The final
    gate and a re-run of matching judge an ask that already holds a reservation by this row.

    `nameless` are activities and matches, by table and id, that may count and name nobody: while there is one, nobody's
    usage is known, and nobody may be asked.
    """

    as_of: datetime
    rules: tuple[RuleRef, ...]
    types: tuple[str, ...]
    table: pa.Table
    held: pa.Table = field(default_factory=HELD.empty_table)
    nameless: tuple[tuple[str, str], ...] = ()
