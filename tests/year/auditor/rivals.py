"""S8: nobody is proposed, asked or shown for a prospect of their own family, or of a competitor's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.year.auditor.effects import Effect, prospect_of
from tests.year.auditor.org import Org


def family(org: Org, account: str | None) -> set[str]:
    """Every company bound to this one by parents and merges."""
    found: set[str] = set()
    waiting = [account] if account else []
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        row = org.row("Account", one, deleted=True)
        waiting += [row[field] for field in ("ParentId", "MasterRecordId") if row.get(field)]
        for field in ("ParentId", "MasterRecordId"):
            waiting += [child["Id"] for child in org.pointing("Account", field, one, deleted=True)]
    return found


def sets_of(org: Org, accounts: set[str]) -> set[str]:
    """The competitive sets that any of these companies is in."""
    texts = (str(org.row("Account", one).get("Competitive_Set__c") or "") for one in accounts)
    return {name.strip().casefold() for text in texts for name in re.split(r"[;,\n]", text) if name.strip()}


def s8(org: Org, effect: Effect, homes: list[str]) -> Iterator[str]:
    """S8: a request about a prospect never reaches a competitor of theirs."""
    yield from rivals(org, effect.request, homes)


def rivals(org: Org, request_id: str | None, homes: list[str]) -> Iterator[str]:
    """Which of these companies belong to the prospect's family, or compete with it, as things stand."""
    prospect = prospect_of(org, request_id)
    if prospect is None:
        return
    theirs = family(org, prospect)
    for home in homes:
        mine = family(org, home)
        if mine & theirs:
            yield f"account {home} belongs to the family of the prospect {prospect}"
        elif shared := sets_of(org, mine) & sets_of(org, theirs):
            yield f"account {home} competes with the prospect {prospect} in {sorted(shared)}"
