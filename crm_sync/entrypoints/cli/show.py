"""Decisions, plans and outcomes as a program owner reads them at a terminal, and as JSON for machines.

Used by the commands. People appear by title and company; names stay in the org unless a command asks for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crm_sync.diff import Plan
from crm_sync.diff.plan import as_json, plain
from crm_sync.entrypoints.cli.output import heading, line, table
from crm_sync.model.names import Names, words
from crm_sync.model.records import Erased, Outcome
from crm_sync.model.verdict import Reason, Verdict
from crm_sync.pipeline import Decision

MARKS: Mapping[str, str] = {"true": "yes", "false": "NO", "unknown": "not known"}
SHOWN = 8


def show_plan(plan: Plan, *, every: bool = False) -> None:
    """Print what would be written: counts first, then each change with from, to and why."""
    heading(f"Plan {plan.checksum} for {plan.org_id} on {plan.as_of:%d %b %Y}, rules {plan.rule_version}")
    if plan.forgotten:
        line(
            f"{_records(len(plan.forgotten))} of people who asked to be forgotten: erased on this machine after the run."
        )
    if not plan.changes:
        line("Nothing to write: the org is as it ought to be.")
        return
    counts = sorted(plan.counts().items())
    table(("object", "action", "records"), [(words(o), a, n) for (o, a), n in counts], right=("records",))
    shown = plan.changes if every else plan.changes[:SHOWN]
    heading("Changes" if every else f"First {len(shown)} of {len(plan.changes)} changes (all of them: --all)")
    for change in shown:
        sign = "+" if change.action == "create" else "~"
        line(f"{sign} {change.subject}  ({change.why})", style="bold")
        for name, value in sorted(change.fields.items()):
            before = f"{_short(change.before.get(name))} -> " if change.action == "update" else ""
            line(f"    {words(name)}: {before}{_short(value)}")


def _short(value: Any) -> str:
    shown = plain(value)
    text = "empty" if shown in (None, [], "") else ", ".join(shown) if isinstance(shown, list) else str(shown)
    first, *rest = text.split("\n")
    return f"{first[:110]} ..." if rest or len(first) > 110 else first


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON; `run --plan` reads it back."""
    return {
        "checksum": plan.checksum,
        "org_id": plan.org_id,
        "as_of": plan.as_of.isoformat(),
        "rule_version": plan.rule_version,
        "counts": {f"{o} {a}": n for (o, a), n in sorted(plan.counts().items())},
        "forgotten": len(plan.forgotten),
        "changes": [as_json(change) for change in plan.changes],
    }


def summary_json(decision: Decision, outcome: Outcome | None) -> dict[str, Any]:
    """The state of the program after a run as JSON."""
    return {
        "plan": decision.plan.checksum,
        "profiles": dict(_verdict_counts(decision)),
        "requests": dict(Counter(slate.verdict for slate in decision.matches.slates)),
        "recommended": sum(c.recommended for s in decision.matches.slates for c in s.candidates),
        "assignment": decision.matches.proof,
        "proven_optimal": decision.matches.gap_points == 0,
        "points_from_best": decision.matches.gap_points,
        "gini": round(decision.matches.gini, 3),
        "planned": len(decision.plan.changes),
        "written": outcome.count("written") if outcome else 0,
        "refused": outcome.count("refused") if outcome else 0,
        "deferred": outcome.count("deferred") if outcome else 0,
        "api_calls": outcome.api_calls if outcome else 0,
        "api_calls_floor": outcome.api_calls_floor if outcome else 0,
        "forgotten": outcome.erased.people if outcome else 0,
        "waiting_to_be_forgotten": outcome.erased.waiting if outcome else 0,
    }


def show_summary(decision: Decision, outcome: Outcome | None) -> None:
    """Print what a program owner wants after a run."""
    _show_profiles(decision)
    _show_requests(decision)
    _show_unfilled(decision)
    _show_changes_of(decision, "escalation", "Escalations raised", "evidence")
    _show_changes_of(decision, "task", "For account owners to do", "subject")
    _show_changes_of(decision, "sync_issue", "Data to put right", "summary")
    if outcome is not None:
        show_outcome(outcome)


def _verdict_counts(decision: Decision) -> Counter[str]:
    from_reasons = {contact: overall_standing(verdicts) for contact, verdicts in decision.explanations.items()}
    return Counter(from_reasons.values())


def overall_standing(verdicts: Mapping[str, Verdict]) -> str:
    """Eligible if any type is; unknown if nothing is known to block some type; else blocked."""
    standings = {verdict.standing for verdict in verdicts.values()}
    return next(s for s in ("eligible", "unknown", "blocked") if s in standings)


def _show_profiles(decision: Decision) -> None:
    counts = _verdict_counts(decision)
    judged = decision.verdicts.table.num_rows
    created = decision.plan.counts().get(("profile", "create"), 0)
    heading("Reference profiles")
    line(
        f"{judged} contacts judged, {sum(counts.values())} profiles ({created} new candidates): "
        f"{counts['eligible']} may be asked now, {counts['blocked']} may not, {counts['unknown']} not known."
    )
    per_type = Counter(
        t for verdicts in decision.explanations.values() for t, v in verdicts.items() if v.standing == "eligible"
    )
    line("May be asked for: " + ", ".join(f"{words(t)} {per_type[t]}" for t in decision.verdicts.types) + ".")


def _show_requests(decision: Decision) -> None:
    names = Names(decision.snapshot)
    slates = [slate for slate in decision.matches.slates if slate.verdict == "matched"]
    proof = decision.matches.proof
    heading(f"Requests with a slate: {len(slates)} of {len(decision.matches.slates)} open (joint assignment: {proof})")
    rows = []
    for slate in slates[:SHOWN]:
        best = next((c for c in slate.candidates if c.recommended), slate.candidates[0])
        rows.append((names.request(slate.request_id), names.person(best.contact_id), best.score, best.reasons[0]))
    table(("request", "reference", "fit", "why"), rows, right=("fit",))
    if len(slates) > SHOWN:
        line(f"and {len(slates) - SHOWN} more; crm-sync explain request NUMBER shows one.")
    line(f"Spread of load among references (Gini): {decision.matches.gini:.2f}.")


def _show_unfilled(decision: Decision) -> None:
    names = Names(decision.snapshot)
    others = [slate for slate in decision.matches.slates if slate.verdict != "matched"]
    heading(f"Requests that cannot be filled as asked: {len(others)}")
    rows = [
        (names.request(s.request_id), s.verdict, s.why[0] if s.why else "", _instead(s.earliest_on, s.substitute))
        for s in others
    ]
    table(("request", "verdict", "why", "instead"), rows)


def _instead(earliest: Any, substitute: str | None) -> str:
    day = f"from {earliest:%d %b %Y}" if earliest else ""
    return "; ".join(part for part in (day, substitute or "") if part)


def _show_changes_of(decision: Decision, name: str, title: str, field: str) -> None:
    made = [c for c in decision.plan.changes if c.object == name and c.action == "create"]
    heading(f"{title}: {len(made)}")
    names = Names(decision.snapshot)
    soonest = sorted(made, key=lambda c: (c.fields.get("due_on") or date.max, str(c.fields.get(field))))
    for change in soonest[:SHOWN]:
        line(f"  {_line_of(change.fields, field, names)}")
    if len(made) > SHOWN:
        line(f"  ... {len(made)} in all")


def _line_of(fields: Mapping[str, Any], field: str, names: Names) -> str:
    who = fields.get("contact") or fields.get("who")
    about = f" ({names.person(who)})" if isinstance(who, str) else ""
    due = f", due {fields['due_on']:%d %b}" if fields.get("due_on") else ""
    return f"{str(fields.get(field) or '').splitlines()[0].rstrip('.')}{about}{due}"


def show_outcome(outcome: Outcome) -> None:
    """Print what became of the writes, each refusal with its sentence."""
    heading("Written back")
    counts = Counter(result.status for result in outcome.results)
    line(", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "0 written: nothing had changed.")
    for result in outcome.results:
        if result.status in ("refused", "deferred"):
            line(f"  {result.change.subject}: {result.code}: {result.message}")
    line(f"{outcome.api_calls} API calls used; what was read and written takes {outcome.api_calls_floor} at least.")
    show_erased(outcome.erased)


def show_erased(erased: Erased) -> None:
    """Print who was forgotten by numbers, and what the org still holds of them: it is nowhere else any more."""
    if erased.waiting:
        line(
            f"{_records(erased.waiting)} to be forgotten wait: their account is on legal hold, or a write about them was put off."
        )
    if not erased.people:
        return
    heading(f"Forgotten: {_records(erased.people)}")
    gone = ", ".join(f"{count} in {store}" for store, count in erased.traces.items() if count)
    line(
        f"Nothing of them is left on this machine but keyed hashes; taken out: {gone or 'nothing, as nothing was there'}."
    )
    show_records(erased.left_in_org)


def _records(count: int) -> str:
    return f"{count} contact record{'s' if count != 1 else ''}"


def show_records(records: Sequence[tuple[str, str]]) -> None:
    """Print which records the org holds about somebody, by kind and id."""
    line(
        f"The org holds {len(records)} records about them. They are yours to delete there; nothing here lists them again:"
    )
    for kind in dict.fromkeys(kind for kind, _ in records):
        line(f"  {words(kind)}: {', '.join(record for name, record in records if name == kind)}")


def show_verdict(verdict: Verdict, *, every: bool) -> None:
    """Print one verdict like a colleague: the answer, then what stands in the way, then the rest."""
    standing = {"eligible": "may be asked", "blocked": "may not be asked now", "unknown": "cannot be judged now"}
    heading(f"{words(verdict.reference_type).capitalize()}: {standing[verdict.standing]}")
    if verdict.free_on and verdict.standing != "eligible":
        line(f"As far as dates go, free on {verdict.free_on:%d %b %Y}.")
    blocking = [r for r in verdict.reasons if r.blocks or (r.weight == "caution" and r.truth != "true")]
    shown = verdict.reasons if every else blocking
    if shown:
        table(("criterion", "met", "seen", "needed", "from", "what would change it"), [_reason_row(r) for r in shown])
    others = len(verdict.reasons) - len(shown)
    if not every and others:
        line(
            f"{others} other criteria are met (all of them: --all)."
            if shown
            else f"All {others} criteria are met (--all)."
        )


def _reason_row(reason: Reason) -> Sequence[str]:
    source = reason.source
    record = " ".join(filter(None, (source.object_name, source.record_id))) if source else ""
    where = f"{record}\n{source.field_name}" if source else ""
    criterion = f"{reason.text}\n{reason.rule_id} {reason.rule_version[:8]}"
    met = MARKS[reason.truth] + (" (caution)" if reason.weight == "caution" else "")
    change = "" if reason.truth == "true" else reason.remedy
    day = f" Free on {reason.free_on:%d %b %Y}." if reason.free_on else ""
    return (criterion, met, reason.value or "", reason.threshold or "", where, change + day)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """One verdict as JSON, every criterion included."""
    return {
        "contact_id": verdict.contact_id,
        "type": verdict.reference_type,
        "standing": verdict.standing,
        "free_on": verdict.free_on,
        "reasons": [
            {
                "rule": r.rule_id,
                "version": r.rule_version,
                "text": r.text,
                "met": r.truth,
                "weight": r.weight,
                "value": r.value,
                "threshold": r.threshold,
                "source": vars(r.source) if r.source else None,
                "remedy": r.remedy,
                "free_on": r.free_on,
            }
            for r in verdict.reasons
        ],
    }
