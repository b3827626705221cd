"""Verdicts -> profiles: who becomes a candidate, and what stands on each profile.

Called by `lifecycle.desired`. Not here: the decision itself (evaluate), its words (`sentences`), and everything people own on a profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from crm_sync.lifecycle.check_ins import CheckIns
from crm_sync.lifecycle.sentences import reasons_text, summary
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.records import FORESEEN, Desired, Value
from crm_sync.model.snapshot import Snapshot
from crm_sync.model.verdict import Verdict
from crm_sync.model.verdicts import Verdicts


def candidates(snapshot: Snapshot, verdicts: Verdicts) -> tuple[str, ...]:
    """The contacts that ought to get a profile, sorted: one per person, the smallest contact id."""
    rows = snapshot.tables["profile"].select(["id", "contact"]).to_pylist()
    profiled = {row["contact"] for row in rows if not row["id"].startswith(FORESEEN)}
    table = verdicts.table
    taken = table["person_key"].filter(pc.is_in(table["contact_id"], pa.array(profiled, pa.string())))
    own = pc.and_(table["is_candidate"], pc.equal(table["contact_id"], table["person_key"]))
    free = pc.invert(pc.is_in(table["person_key"], taken.combine_chunks()))
    return tuple(sorted(table["contact_id"].filter(pc.and_(own, free)).to_pylist()))


def subjects(snapshot: Snapshot) -> tuple[str, ...]:
    """The contacts that have a profile, foreseen ones included, sorted."""
    return tuple(sorted({contact for contact in snapshot.tables["profile"]["contact"].to_pylist() if contact}))


def new_profiles(snapshot: Snapshot, verdicts: Verdicts) -> Iterator[Desired]:
    """Create a profile in status Candidate for everybody who ought to get one."""
    for contact_id in candidates(snapshot, verdicts):
        yield Desired("profile", {}, key=contact_id, on_create=_first(contact_id), why="meets every criterion")


def desired_profiles(world: World) -> Iterator[Desired]:
    """Give every profile its verdict, reasons and usage; create the missing ones as candidates."""
    check_ins = world.once(CheckIns)
    for contact_id in sorted(world.explanations):
        judged = world.judged.get(contact_id)
        if judged is None:
            continue
        profile = world.profile_of.get(contact_id)
        fields = _fields(world, contact_id, judged, profile)
        fields["next_check_in_on"] = check_ins.next_on(profile) if profile else judged["next_check_in_on"]
        if profile is None or profile.get("key"):
            yield Desired("profile", fields, key=contact_id, on_create=_first(contact_id), why="judged")
        else:
            yield Desired("profile", {**fields, "key": contact_id}, id=profile["id"], why="adopted: it had no key")


def _first(contact_id: str) -> Mapping[str, Value]:
    return {"key": contact_id, "contact": contact_id, "status": "candidate"}


def _fields(world: World, contact_id: str, judged: Row, profile: Row | None) -> dict[str, Value]:
    verdicts = world.explanations[contact_id]
    contact = world.row("contact", contact_id) or {}
    account = world.row("account", contact.get("account")) or {}
    eligible = tuple(sorted(t for t, verdict in verdicts.items() if verdict.standing == "eligible"))
    standing = overall(verdicts)
    return {
        "account": contact.get("account"),
        "title": None if contact_id in world.to_forget else contact.get("title"),
        "industry": account.get("industry"),
        "product": account.get("product"),
        "verdict": standing,
        "verdict_summary": summary(verdicts),
        "reasons": reasons_text(verdicts),
        "eligible_types": eligible,
        "strength": _rounded(judged["strength"]),
        "calls_90d": judged["calls_90d"],
        "activations_180d": judged["activations_180d"],
        "uses_365d": judged["uses_365d"],
        "effort_365d": _rounded(judged["effort_365d"]),
        "reservations": judged["reservations"],
        "next_available_on": judged["next_available_on"],
        "health_since": judged["health_since"],
        "rule_version": world.program.version,
        "evaluated_at": datetime.combine(world.today, datetime.min.time(), UTC),
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)


@dataclass(frozen=True)
class Standing:
    """One line of the table: what a profile's verdict is, by the standings of all its types."""

    name: str
    holds: Callable[[frozenset[str]], bool]
    text: str


# The first line that holds gives the verdict.
STANDINGS: tuple[Standing, ...] = (
    Standing("eligible", lambda types: "eligible" in types, "May be asked for at least one kind of reference."),
    Standing("unknown", lambda types: "unknown" in types, "Nothing forbids some kind, but something is not known."),
    Standing("blocked", lambda types: True, "Something stands in the way of every kind."),
)


def overall(verdicts: Mapping[str, Verdict]) -> str:
    """Eligible if any type is; unknown if nothing is known to block some type; else blocked."""
    types = frozenset(verdict.standing for verdict in verdicts.values())
    return next(line.name for line in STANDINGS if line.holds(types))
