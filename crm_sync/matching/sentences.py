"""Why this reference, and why not: sentences for the account owner and for the requester.

Called by `joint` and `substitutes`. What a requester reads is made of counts by rule over people who may be asked;
somebody who said no is not among them, so it reads the same as if they had never been eligible. Not here: deciding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from crm_sync.matching.fit import PARTS, TENTHS
from crm_sync.matching.offers import Offers, Outlook, price_of_use
from crm_sync.matching.requests import OpenRequest
from crm_sync.program.rules import SCALE

USES_DAYS = 180
"""The window of the verdicts' `activations_180d`."""

PART_WORDS = {
    "industry": ("industry", "industry"),
    "use_case": ("use case", "use_case"),
    "size": ("company size", "size"),
    "product": ("product", "product"),
    "geography": ("region", "region"),
}

KEPT_OUT = {
    "own": "{n} in the prospect's own group",
    "competitor": "{n} at a competitor of the prospect",
    "not_known_to_compete": "{n} at a company not known to be free of competition with the prospect",
    "language": "{n} without {language}",
    "topic": "{n} wishing to avoid the topic",
    "consent": "{n} without consent to this region, audience or date",
    "recent": "{n} lately used for the same audience or requester",
    "recent_rival": "{n} lately used for a competitor of the prospect",
    "fit": "{n} with too little in common with the request",
    "notice": "{n} needing more notice",
}


def a(reference_type: str | None) -> str:
    """Name one reference of a type: "a case study"."""
    words = (reference_type or "reference").replace("_", " ")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def candidate_reasons(offers: Offers, row: int, reference: int, parts: Mapping[str, int]) -> Iterator[str]:
    """Say why this reference: what is the same, how strong, and how often used."""
    request, pool = offers.requests[row], offers.pool
    weights = offers.program.matching.weights.model_dump()
    same = [_part(request, part, parts[part], weights[part]) for part in PARTS if part in PART_WORDS]
    text = ", ".join(words for words in same if words)
    yield f"{text[0].upper()}{text[1:]}." if text else "Nothing that was asked for is the same."
    if request.language:
        yield f"Speaks {request.language}."
    yield f"Strength {pool.strength[reference]} of 100 as a reference."
    price = price_of_use(offers.program, pool.uses[[reference]], pool.effort[[reference]])
    yield _used(int(pool.uses[reference]), int(pool.effort[reference]), int(price[0]))


def _used(uses: int, effort: int, price: int) -> str:
    """Say how often somebody was used, and what that costs in rank: it explains why a better fit may stand lower."""
    times = "Not used" if not uses else "Used 1 time" if uses == 1 else f"Used {uses} times"
    points = f", {effort / SCALE:g} effort points in a year" if effort else ""
    lower = f": ranked {price / TENTHS:g} points lower for it" if price else ""
    return f"{times} in the last {USES_DAYS} days{points}{lower}."


def _part(request: OpenRequest, part: str, tenths: int, weight: float) -> str | None:
    words, wanted = PART_WORDS[part][0], getattr(request, PART_WORDS[part][1])
    if wanted is None or tenths == 0:
        return None
    how = (
        "same"
        if tenths >= round(weight * TENTHS)
        else "prefers to speak about the"
        if part == "use_case"
        else "similar"
    )
    return f"{how} {words} ({wanted})"


def candidate_cautions(offers: Offers, row: int, reference: int) -> Iterator[str]:
    """Say what the account owner has to approve knowingly."""
    request, filters = offers.requests[row], offers.filters
    mask = int(offers.pool.standing[request.type or ""].caution[reference])
    criteria = {criterion.id: criterion for criterion in offers.program.qualification.criteria}
    for bit, rule in enumerate(filters.verdicts.rules):
        if mask >> bit & 1:
            criterion = criteria.get(rule.id)
            yield f"Not so: {criterion.text}. {criterion.remedy}".strip() if criterion else f"Not so: {rule.id}."
    if filters.competition_unknown(request)[reference]:
        yield "It is not known whether this customer competes with the prospect; find out before asking."
    if not offers.pool.owner_active[reference]:
        yield "Nobody active owns this customer; find out who may approve."


def why_not(request: OpenRequest, outlook: Outlook) -> Iterator[str]:
    """Count, rule by rule, who is kept out, and how many suit."""
    if request.type is None:
        yield "It is not recorded what kind of reference is needed; choose one."
        return
    kind = request.type.replace("_", " ")
    if not outlook.counted:
        yield f"Nobody may be asked for {a(request.type)} at present."
        return
    parts = [
        KEPT_OUT[name].format(n=count, language=request.language) for name, count in outlook.kept_out.items() if count
    ]
    counts = "; ".join([*parts, f"{outlook.suiting} suitable"])
    who = "1 reference" if outlook.counted == 1 else f"{outlook.counted} references"
    yield f"Of {who} who may be asked for {a(kind)}: {counts}."


def why_unfilled(request: OpenRequest, outlook: Outlook) -> Iterator[str]:
    """Say why nobody is offered."""
    if outlook.suiting:
        yield (
            f"Nobody can be offered for {a(request.type)} now: those who suit have given as much as was agreed with "
            "them, or are promised to other requests."
        )
    elif request.type is not None:
        yield f"Nobody suits this request for {a(request.type)} now."
    yield from why_not(request, outlook)


def why_matched(request: OpenRequest, outlook: Outlook, shown: int) -> Iterator[str]:
    """Say how many are proposed, and out of whom."""
    yield "1 reference is proposed." if shown == 1 else f"{shown} references are proposed, the best first."
    yield from why_not(request, outlook)


def why_late(request: OpenRequest, outlook: Outlook, notice_days: int, earliest_on: date) -> Iterator[str]:
    """Say in writing that this cannot be had so soon, and when it can."""
    yield (
        f"{a(request.type).capitalize()} by {request.needed_by} is too soon: it needs at least {notice_days} business "
        f"days' notice. The earliest honest date is {earliest_on}."
    )
    yield from why_not(request, outlook)


def in_common(same: Sequence[str]) -> str:
    """Say what a published asset and a request have in common."""
    words = [PART_WORDS[part][0] for part in same]
    return f"same {' and '.join(words)}" if words else "nothing particular was asked for"
