"""The hard criteria that stand in no `when`: consent, every cap, every cooldown of a person, and blackouts.

Each is appended to the criteria of rules/qualification.yaml with an id, a version and a bit of its own, and its answer
is a column of the facts. Used by `state` (which computes the columns), `criteria` and `reasons`. Not here: computing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crm_sync.evaluate.usage import covered_types
from crm_sync.program import Program
from crm_sync.program.rules import Cap, Cooldown
from crm_sync.program.versions import content_hash

Kind = Literal["consent", "cap", "cooldown", "blackout", "uncapped"]


@dataclass(frozen=True)
class Gate:
    """One appended criterion. `columns` name the column of its answer per reference type it applies to.

    The day it opens stands in the column `free_<column>` where it is `dated`.
    """

    id: str
    version: str
    text: str
    remedy: str
    columns: Mapping[str, str]
    kind: Kind
    cap: Cap | None = None
    cooldown: Cooldown | None = None

    @property
    def dated(self) -> bool:
        """Whether it may open by itself on a day that is known."""
        return self.kind != "uncapped"

    @property
    def types(self) -> tuple[str, ...]:
        """The reference types it applies to."""
        return tuple(self.columns)

    @property
    def distinct(self) -> tuple[str, ...]:
        """Its columns, each once."""
        return tuple(dict.fromkeys(self.columns.values()))


def gates(program: Program) -> tuple[Gate, ...]:
    """Give the appended criteria in bit order."""
    caps = [_cap(cap, program) for cap in program.tolerance.caps]
    resting = [_cooldown(cooldown, program) for cooldown in program.tolerance.cooldowns if cooldown.same is None]
    return (
        _consent(program),
        *(gate for gate in caps if gate.columns),
        *resting,
        _blackout(program),
        *_missing(program),
    )


def _consent(program: Program) -> Gate:
    return Gate(
        "consent",
        content_hash(program.consent.model_dump(mode="json")),
        "The person has given documented consent to exactly this use",
        "Ask, through the account owner, for a written consent to this use and record it with its evidence.",
        {t: f"consent_{t}" for t in program.types},
        "consent",
    )


def cap_column(cap: Cap, reference_type: str, program: Program) -> str:
    """Name the column that says whether one more ask of this type fits under a cap."""
    return f"cap_{cap.id}_{program.tolerance.weight(cap, reference_type)}"


def _cap(cap: Cap, program: Program) -> Gate:
    return Gate(
        f"tolerance.{cap.id}",
        content_hash([cap.model_dump(mode="json"), dict(program.tolerance.effort_points)]),
        f"{cap.text}: one more stays within the limit",
        "Wait until earlier uses have left the window, or ask somebody else.",
        {t: cap_column(cap, t, program) for t in covered_types(cap, program)},
        "cap",
        cap=cap,
    )


def cooldown_column(cooldown: Cooldown, reference_type: str) -> str:
    """Name the column that says whether a cooldown is over."""
    return f"rest_{cooldown.id}_{reference_type}" if cooldown.after == "same_type" else f"rest_{cooldown.id}_any"


def _cooldown(cooldown: Cooldown, program: Program) -> Gate:
    return Gate(
        f"cooldown.{cooldown.id}",
        content_hash(cooldown.model_dump(mode="json")),
        f"{cooldown.text} is over",
        "Wait until the rest is over, or ask somebody else.",
        {t: cooldown_column(cooldown, t) for t in program.types},
        "cooldown",
        cooldown=cooldown,
    )


def _blackout(program: Program) -> Gate:
    return Gate(
        "blackout",
        content_hash(program.lead_time.model_dump(mode="json")),
        "Today is none of the days on which the person must not be asked",
        "Wait until the blackout is over; a time zone or a line that cannot be read has to be corrected on the profile.",
        dict.fromkeys(program.types, "blackout"),
        "blackout",
    )


def _missing(program: Program) -> tuple[Gate, ...]:
    """Refuse types that no cap of a person limits: a missing cap is a cap of nothing."""
    capped = {t for cap in program.tolerance.caps if cap.per == "person" for t in covered_types(cap, program)}
    uncapped = {t: "uncapped" for t in program.types if t not in capped}
    if not uncapped:
        return ()
    remedy = "Add a cap that counts this type to rules/tolerance."
    version = content_hash(sorted(uncapped))
    return (Gate("tolerance.uncapped", version, "A cap limits this type", remedy, uncapped, "uncapped"),)
