"""Accounts -> corporate families and the competitive sets in each, so that no request reaches a prospect's competitor.

Called by `joint`. A family is every company bound by parents and merges; what one member competes with counts for all
of them, so a competitor's parent or sister is as barred as the competitor. Not here: what is done about the unknown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import pyarrow.compute as pc

from crm_sync.matching.columns import normal, rows
from crm_sync.model.snapshot import Snapshot

_SEPARATORS = re.compile(r"[;,\n]")
NEEDED = ("parent", "competitive_set")


@dataclass(frozen=True)
class Families:
    """Each company's family (by the smallest account id in it; a company without relatives is its own).

    `sets` are the competitive sets known in each family, `families_in` the families with a member in each set. `shown` says
    whether the org shows who belongs together and who competes; where it does not, no set is known and nobody may be asked.
    """

    root: Mapping[str, str]
    sets: Mapping[str, frozenset[str]]
    families_in: Mapping[str, frozenset[str]]
    shown: bool = True

    def of(self, account_id: str) -> str:
        """The family of this company."""
        return self.root.get(account_id, account_id)

    def sets_of(self, account_id: str | None) -> frozenset[str]:
        """The competitive sets of this company's family; empty when not known."""
        return self.sets.get(self.of(account_id), frozenset()) if account_id else frozenset()

    def competitors_of(self, account_id: str | None) -> frozenset[str]:
        """The families that have a member in a competitive set of this company's family, its own left out."""
        met = frozenset().union(*(self.families_in[name] for name in self.sets_of(account_id)))
        return met - {self.of(account_id)} if account_id else met


def families(snapshot: Snapshot) -> Families:
    """Read who belongs together and who competes; where that could not be read, no set is known."""
    table = snapshot.tables.get("account")
    if table is None:
        return Families({}, {}, {}, shown=False)
    root = _roots(snapshot)
    fields = set(table.column_names) - {field for mapping, field in snapshot.unreadable if mapping == "account"}
    shown = set(NEEDED) <= fields
    sets: dict[str, set[str]] = defaultdict(set)
    families_in: dict[str, set[str]] = defaultdict(set)
    if shown:
        for row in rows(snapshot, "account", ("id", "competitive_set"), pc.is_valid(table["competitive_set"])):
            family = root.get(row["id"], row["id"])
            for name in _names(row["competitive_set"]):
                sets[family].add(name)
                families_in[name].add(family)
    return Families(
        root,
        {family: frozenset(names) for family, names in sets.items()},
        {name: frozenset(members) for name, members in families_in.items()},
        shown,
    )


def _names(text: str) -> set[str]:
    return {name for part in _SEPARATORS.split(text) if (name := normal(part))}


def _roots(snapshot: Snapshot) -> Mapping[str, str]:
    """Join every company with its parent and with what it was merged into; a circle of parents is one family."""
    root: dict[str, str] = {}

    def find(account_id: str) -> str:
        while root.setdefault(account_id, account_id) != account_id:
            root[account_id] = root[root[account_id]]
            account_id = root[account_id]
        return account_id

    for name, column in product(("account", "merged_account"), ("parent", "master_record")):
        table = snapshot.tables.get(name)
        if table is not None and column in table.column_names:
            for row in rows(snapshot, name, ("id", column), pc.is_valid(table[column])):
                one, other = sorted((find(row["id"]), find(row[column])))
                root[other] = one
    return {account_id: find(account_id) for account_id in list(root)}
