"""The tables of `crm_sync/lifecycle` -> docs/lifecycle.md: state diagrams (Mermaid) and the tables as text.

Called by `docs.generate`. The arrows of an ask and a request are found by letting each event of the code happen in each
state that can be reached; those of escalations, consents and profiles are named here, and the code has to say the same of each. Not here: what the states mean, which stands beside them in the code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from crm_sync.lifecycle.asks import EVENTS, LAPSED, PHASES, STANDING, AskFacts, phase_of
from crm_sync.lifecycle.consents import warnings
from crm_sync.lifecycle.escalations import FATES, IncidentFacts, fate_of
from crm_sync.lifecycle.profiles import STANDINGS
from crm_sync.lifecycle.requests import CLOCKS, STATUSES, RequestFacts, status_of
from crm_sync.program import Program

Arrow = tuple[str, str, str]
"""From a state, by an event, to a state."""
SLATES: Mapping[str, RequestFacts] = {
    "somebody suits": RequestFacts("submitted", "matched", recommends=True),
    "it is needed too soon": RequestFacts("submitted", "late"),
    "nobody suits": RequestFacts("submitted", "unfilled"),
}
"""What the assignment can find for a request that nobody is asked for."""
LET_GO = ("superseded", "closed")
ENDS = ("completed", "missed", "request_over")
NEXT = "next_candidate"
RESTING = frozenset({"new", "matched", "late", "unfilled", "missed", NEXT})
"""Statuses of a request that nobody is asked for, and the moment between two candidates."""
UNDER_WAY = frozenset({"owner_deciding", "customer_asked", "approved", "scheduled"})


def lifecycle(program: Program) -> str:
    """The whole page."""
    parts = (_heading(), _requests(program), _asks(), _escalations(program), _consents(program), _profiles(program))
    return "\n".join(parts)


def _heading() -> str:
    return """# The life of every record

Drawn from the tables in `crm_sync/lifecycle/` by `make docs`; do not edit. Every table is pure: the same facts on the same day
give the same state, whatever happened in between, so nothing depends on the order in which things became known, and a second
run writes nothing. In each table the first line that holds decides.
"""


def reachable() -> dict[AskFacts, None]:
    """Every combination of facts that events can lead to, from an ask that is next in line."""
    found: dict[AskFacts, None] = {}
    waiting = [AskFacts(proposed=True)]
    while waiting:
        facts = waiting.pop(0)
        if facts not in found:
            found[facts] = None
            waiting += [after for _, after in following(facts)]
    return found


def following(facts: AskFacts) -> Iterator[tuple[str, AskFacts]]:
    """Every event that may happen to an ask now, and the facts it leads to."""
    over = phase_of(facts).state == "closed"
    for event, (may, changes) in EVENTS.items():
        if not over and may(facts):
            yield event, replace(facts, **changes)  # type: ignore[arg-type]


def ask_arrows() -> list[Arrow]:
    """Every arrow between two different phases of an ask."""
    found = {
        (phase_of(facts).name, event, phase_of(after).name): None
        for facts in reachable()
        for event, after in following(facts)
        if phase_of(facts).name != phase_of(after).name
    }
    return list(found)


def request_arrows() -> list[Arrow]:
    """Every arrow between two statuses of a request with one ask at a time: the ask's own, and what the slate brings."""
    found = {
        (start, event, status_of(facts).name): None
        for event, facts in SLATES.items()
        for start in sorted(RESTING)
        if start != status_of(facts).name
    }
    for facts in reachable():
        for event, after in following(facts):
            start, end = _status(facts), _status(after)
            if start != end and start not in RESTING:
                found[start, event, end] = None
    gone = replace(AskFacts(), request="over")
    found |= {(start, "the request is withdrawn", _status(gone)): None for start in sorted(RESTING)}
    done = RequestFacts("submitted", asks=frozenset({"completed"}))
    found["completed", "both sides have said how it went", status_of(replace(done, settled=True)).name] = None
    return list(found)


def _status(facts: AskFacts) -> str:
    """The status of a request whose only ask stands so; once it is let go of, the next candidate's turn has come."""
    phase = phase_of(facts)
    let_go = phase.state in LET_GO
    if let_go and phase.name not in ENDS:
        return NEXT
    stage = {"open": "submitted", "on_hold": "on_hold", "over": "withdrawn"}[facts.request]
    asks = frozenset({phase.name})
    return status_of(
        RequestFacts(stage, "matched" if facts.proposed and not let_go else None, facts.chosen and not let_go, asks)
    ).name


def drawn(arrows: Iterable[Arrow], groups: Mapping[str, frozenset[str]] | None = None) -> str:
    """Arrows as a state diagram; what happens in each state of a group alike is drawn once, from the whole group."""
    by_way: dict[tuple[str, str], list[str]] = defaultdict(list)
    for start, event, end in arrows:
        by_way[event, end].append(start)
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (event, end), starts in by_way.items():
        for source in _grouped(starts, end, groups or {}):
            lines[source, end].append(event)
    text = ["```mermaid", "stateDiagram-v2", "    direction TB"]
    for name, states in (groups or {}).items():
        text += [
            f'    state "{name.replace("_", " ")}" as {name} {{',
            *(f"        {one}" for one in sorted(states)),
            "    }",
        ]
    text += [f"    {_id(start)} --> {_id(end)}: {', or '.join(events)}" for (start, end), events in lines.items()]
    return "\n".join([*text, "```", ""])


def _grouped(starts: list[str], end: str, groups: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """The states an arrow starts from, those of a whole group as the group; an arrow back into it may miss its own end."""
    left = dict.fromkeys(starts)
    for name, states in groups.items():
        if states - {end} <= left.keys():
            yield name
            left = {one: None for one in left if one not in states}
    yield from left


def _id(state: str) -> str:
    """A state's name as Mermaid takes it: none begins with a digit."""
    return f"left_{state}" if state[0].isdigit() else state


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows), ""])


def _requests(program: Program) -> str:
    levels = program.matching.service_levels_business_days.model_dump()
    clocks = {name: f"{levels[clock]} business days ({clock.replace('_', ' ')})" for name, clock in CLOCKS.items()}
    rows = [(f"`{line.name}`", line.text, clocks.get(line.name, "stopped")) for line in STATUSES]
    return "\n".join(
        (
            "## A request",
            "",
            "`crm_sync/lifecycle/requests.py`. A refusal as late comes with the earliest honest date and up to three substitutes: published",
            "assets first, then other kinds of reference, with nobody's name. The stage (draft, submitted, on hold, withdrawn, closed) is people's.",
            "",
            drawn(request_arrows(), {"nobody_is_asked": RESTING, "under_way": UNDER_WAY}),
            table(("status", "what the requester reads when there is nothing better to say", "clock"), rows),
        )
    )


def _asks() -> str:
    rows = [(f"`{line.name}`", f"`{line.state}`", line.text) for line in PHASES]
    return "\n".join(
        (
            "## An ask",
            "",
            "`crm_sync/lifecycle/asks.py`: one match of a request and a person. Nobody is reminded after a no; whose time is over is",
            "not asked again for this request, and the next candidate follows in the same run.",
            "",
            drawn(ask_arrows(), {"goes_on": STANDING, "time_is_over": LAPSED}),
            table(("phase", "state on the match", "what it means"), rows),
        )
    )


def _escalations(program: Program) -> str:
    facts = (
        IncidentFacts(*one) for one in product(("none", "open", "closed"), (True, False), (True, False), (True, False))
    )
    reached = {fate_of(one).name for one in facts}
    arrows = [
        ("[*]", "an incident", "open"),
        *(("open", "one more of the same cause", "open") for name in reached if name == "occurrence"),
        ("open", "somebody takes it on", "in_progress"),
        ("in_progress", "resolved, with cause, correction and check", "closed"),
        ("open", "resolved, with cause, correction and check", "closed"),
        *(("closed", "the cause is back", "open") for name in reached if name == "raised_again"),
    ]
    fates = [(f"`{line.name}`", "yes" if line.counts else "no", line.text) for line in FATES]
    kinds = [
        (f"`{kind}`", rule.text, rule.route.replace("_", " "), f"{rule.due_business_days} business days", rule.severity)
        for kind, rule in program.escalation.kinds.items()
    ]
    return "\n".join(
        (
            "## An escalation",
            "",
            "`crm_sync/lifecycle/escalations.py`. One record a cause: a kind, and whom or what it is about. Its status is people's; an",
            f"inactive user, or a route that nobody holds, falls back to the {program.escalation.fallback_route.replace('_', ' ')};",
            f"without one the record belongs to the queue `{program.escalation.fallback_queue}`.",
            "",
            drawn(arrows),
            table(("an incident is", "counted", "because"), fates),
            table(("kind", "what went wrong", "route", "due within", "severity"), kinds),
        )
    )


def _consents(program: Program) -> str:
    lines = warnings(program.consent.warnings_days)
    days = sorted(program.consent.warnings_days, reverse=True)
    order = ["none", *(f"{day}_days" for day in days), "expired"]
    reached = [*(f"{day} days are left" for day in days), "it has ended"]
    arrows = [(one, event, two) for one, event, two in zip(order, reached, order[1:], strict=False)]
    arrows += [(one, "a longer consent, or an end further away", "none") for one in order[1:]]
    arrows += [(one, "it is withdrawn", "none") for one in order[1:]]
    return "\n".join(
        (
            "## A consent",
            "",
            "`crm_sync/lifecycle/consents.py`. The status (granted, pending, refused, withdrawn) is people's; the worker only warns, and",
            "a consent that is not granted has nothing to run out.",
            "",
            drawn(arrows),
            table(("warning", "when"), [(f"`{line.name}`", line.text) for line in lines]),
        )
    )


def _profiles(program: Program) -> str:
    names = [line.name for line in STANDINGS]
    arrows = [(one, "the next run reads other facts", two) for one in names for two in names if one != two]
    statuses = program.mappings["profile"].fields["status"].values.values()
    return "\n".join(
        (
            "## A profile",
            "",
            "`crm_sync/lifecycle/profiles.py`. Whoever passes every qualifying criterion and shows potential, or was nominated, becomes a",
            "`candidate`, and the account owner is asked to invite them (`invitations.py`): while the rules find them fit, one task for each",
            f"person, at most {program.cadence.invitations_open_per_owner} open at a time for each owner; it is over when the profile is no candidate any more. From then on the status ({', '.join(f'`{name}`' for name in statuses)}) is people's. The verdict is the worker's,",
            "anew on every run.",
            "",
            drawn([("[*]", "created", "blocked"), *arrows]),
            table(("verdict", "when"), [(f"`{line.name}`", line.text) for line in STANDINGS]),
        )
    )
