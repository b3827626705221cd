"""Reasons -> the sentences an account owner reads: one for each, the summary of all, and the list of what stands in the way.

Called by `profiles` and `gate`. Not here: the reasons themselves (evaluate), and how a terminal lays them out (the commands).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from textwrap import shorten

from crm_sync.model.names import words
from crm_sync.model.verdict import Reason, Verdict

SUMMARY_LENGTH = 255
REASONS_LENGTH = 32_000
ANSWERS = ("yes", "no")
"""Values of a checkbox. Beside a criterion's text they would read as its answer, which may be the opposite."""
SAID = (*(f"is {answer}" for answer in ANSWERS), "known", "not known")
"""Thresholds that say no more than the criterion's text."""


def sentence(reason: Reason, *, remedy: bool = True) -> str:
    """Say one reason: what is required, what was found, what would be enough, what would change it, and when it passes by itself."""
    enough = reason.threshold not in (None, "", *SAID)
    needed = f"; needed: {reason.threshold.removeprefix('is ')}" if reason.threshold and enough else ""
    parts = [f"{reason.text}: {_found(reason)}{needed}."]
    parts += [reason.remedy] if remedy and reason.remedy else []
    parts += [f"It would pass on {reason.free_on:%d %b %Y}."] if reason.free_on else []
    return " ".join(parts).replace("..", ".")


def _found(reason: Reason) -> str:
    value = None if reason.value in ANSWERS else reason.value
    if reason.truth == "unknown":
        return f"not known ({value})" if value else "not known"
    return value or "no"


def summary(verdicts: Mapping[str, Verdict]) -> str:
    """Say in one sentence what an account owner with thirty seconds needs."""
    eligible = [words(t) for t, verdict in verdicts.items() if verdict.standing == "eligible"]
    if eligible:
        return f"May be asked for: {', '.join(eligible)}."
    nearest, blocking = _nearest(verdicts)
    if not blocking:
        return "May not be asked for anything now."
    shared = [reason for reason in blocking if _blocks_every_type(reason, verdicts)]
    opening = "May not be asked now" if shared else f"May not be asked now; nearest is {words(nearest)}"
    more = f" And {len(blocking) - 1} more." if len(blocking) > 1 else ""
    first = (shared or blocking)[0]
    told = [f"{opening}: {sentence(first, remedy=remedy)}{more}" for remedy in (True, False)]
    return shorten(
        next((one for one in told if len(one) <= SUMMARY_LENGTH), told[-1]), SUMMARY_LENGTH, placeholder=" ..."
    )


def _nearest(verdicts: Mapping[str, Verdict]) -> tuple[str, list[Reason]]:
    """Give the type with the fewest reasons that block, of several the soonest possible, and those reasons."""
    blocking = {t: [reason for reason in verdict.reasons if reason.blocks] for t, verdict in verdicts.items()}
    return min(blocking.items(), key=lambda one: (len(one[1]), _possible_on(one[1])), default=("", []))


def _possible_on(blocking: list[Reason]) -> date:
    """Give the day on which the last of them passes by itself; the end of days if one has none."""
    return max((reason.free_on or date.max for reason in blocking), default=date.max)


def _blocks_every_type(reason: Reason, verdicts: Mapping[str, Verdict]) -> bool:
    return all(any(r.blocks and r.rule_id == reason.rule_id for r in v.reasons) for v in verdicts.values())


def reasons_text(verdicts: Mapping[str, Verdict]) -> str:
    """List what blocks and what needs approval, a line each: first what holds for all types. What passes is in `crm-sync explain`."""
    types: dict[str, list[str]] = {}
    for reference_type, verdict in verdicts.items():
        for reason in verdict.reasons:
            if reason.blocks or (reason.weight == "caution" and reason.truth != "true"):
                types.setdefault(sentence(reason), []).append(words(reference_type))
    lines = [
        f"{'All types' if len(own) == len(verdicts) else ', '.join(own).capitalize()}: {told}"
        for told, own in sorted(types.items(), key=lambda one: len(one[1]) < len(verdicts))
    ]
    return _whole_lines("\n".join(lines), REASONS_LENGTH)


def _whole_lines(text: str, most: int) -> str:
    """Cut a text to a length, at the end of a line."""
    return text if len(text) <= most else text[:most].rpartition("\n")[0]
