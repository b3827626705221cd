"""Those with nothing of their own on record -> their verdicts, most of which are their account's.

Who has no profile, consent, use, case or duplicate differs from others of the account in a few columns alone (a survey
answer, an opt-out). So what an empty record says is judged once, what accounts say once per account, and the few columns
of each contact besides; the masks are added up. Called by `assessment` when contacts are many; the answers are those of
judging each by every rule. Not here: the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa

from crm_sync.evaluate.facts import Column, facts_sql
from crm_sync.evaluate.masks import STRENGTH, SUMS, Asked, last_of
from crm_sync.evaluate.records import BATCH
from crm_sync.evaluate.verdicts import Judged, computed, verdict_columns

Level = Literal["nobody", "account", "contact"]
"""Whose row an answer is told from where there is nothing on record: nobody's (it is the same for all), the account's, or
the contact's."""
_NOTHING = "nothing s, no_profile p"
_ROWS: Mapping[Level, str] = {
    "nobody": _NOTHING,
    "account": f"(SELECT * FROM account_state UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS id) a, {_NOTHING}",
    "contact": f"""
        contact c LEFT JOIN notable n ON n.contact_id = c.id LEFT JOIN individual i ON i.id = c.individual
        LEFT JOIN account_answer w ON w.owner_id = c.account,
        (SELECT * FROM account_answer WHERE owner_id IS NULL) x, nobody_answer o, {_NOTHING}
        WHERE n.contact_id IS NULL
    """,
}
"""Where each level's facts come from. Besides the accounts, one of nulls answers for contacts whose account is not there."""


def judge_apart(judged: Judged) -> pa.Table:
    """Give the verdicts' columns of everybody with nothing of their own on record."""
    for name, table in (("nothing", "contact_state"), ("no_profile", "profile")):
        judged.records.create(name, f"SELECT one.* FROM (SELECT 1) LEFT JOIN {table} one ON false")
    asked = _asked(judged, "contact")
    names = dict.fromkeys([*judged.kept, *judged.hoped, *judged.needed(asked)])
    facts = {level: [judged.columns[name] for name in names if _level(judged, [name]) == level] for level in _ROWS}
    lower = (_answer_once(judged, "nobody", ()), _answer_once(judged, "account", facts["account"]))
    same = judged.records.arrow(facts_sql(facts["nobody"], _ROWS["nobody"]))
    every = [*facts["contact"], *facts["nobody"], *_handed_down(facts["account"], *lower)]
    judged.records.view("apart_facts", facts_sql(every, _ROWS["contact"]))
    found = judged.answered("apart_facts", asked, [column.name for column in every])
    sql = {**found.sql, **dict(_added_up(judged, found.sql, lower)), "person_key": found.sql["contact_id"]}
    return _table(judged, found.query, verdict_columns(judged, sql), same)


def _table(judged: Judged, query: str, columns: Mapping[str, str], same: pa.Table) -> pa.Table:
    """Compute the columns that differ from contact to contact, and repeat those that do not, each distinct one once."""
    fixed = {name: same[name][0] for name in same.column_names if name in columns}
    fixed["next_available_on"] = pa.scalar(None, pa.date32())
    table = computed(judged.records, query, {name: sql for name, sql in columns.items() if name not in fixed})
    repeated = {value: _repeated(value, table.num_rows) for value in set(fixed.values())}
    names = (*columns, "next_available_on")
    return pa.table({name: repeated[fixed[name]] if name in fixed else table[name] for name in names})


def _repeated(value: pa.Scalar, times: int) -> pa.ChunkedArray:
    """Repeat a value without holding it many times: all chunks are the same memory."""
    chunk = pa.repeat(value, BATCH)
    whole, rest = divmod(times, BATCH)
    return pa.chunked_array([*[chunk] * whole, chunk[:rest]], value.type)


def _level(judged: Judged, facts: Iterable[str]) -> Level:
    """Tell whose row these facts are told from."""
    rows = {row for name in facts for row in judged.columns[name].rows}
    return "contact" if rows & {"c", "i"} else "account" if "a" in rows else "nobody"


def _asked(judged: Judged, level: Level) -> list[Asked]:
    """Give the rules that one level answers."""
    return [one for one in judged.asked if _level(judged, one.columns(judged.program)) == level]


def _answer_once(judged: Judged, level: Level, keep: Sequence[Column]) -> dict[str, str]:
    """Create `<level>_answer`: facts for the contacts, and the results of the rules that this level answers.

    Gives the column of each result.
    """
    asked, owner = _asked(judged, level), [Column("owner_id", "a.id")] if level == "account" else []
    needed = [judged.columns[name] for name in judged.needed(asked)]
    judged.records.view(f"{level}_facts", facts_sql(dict.fromkeys([*owner, *keep, *needed]), _ROWS[level]))
    kept = [column.name for column in (*owner, *keep)]
    found = judged.answered(f"{level}_facts", asked, kept, potential=False)
    results = {name: f"{level} {found.results[name]}" for name in (STRENGTH, *_kinds(judged, *SUMS, "open"))}
    columns = dict.fromkeys(f'{found.sql[name]} AS "{column}"' for name, column in results.items())
    selected = ", ".join([*(found.sql[name] for name in kept), *columns])
    judged.records.create(f"{level}_answer", f"SELECT {selected} FROM ({found.query})")
    return results if level == "account" else _equal(judged.records.rows("SELECT * FROM nobody_answer")[0], results)


def _equal(row: Mapping[str, Any], results: Mapping[str, str]) -> dict[str, str]:
    """Let results of the same value share a column, so that what is made of them is computed once."""
    first: dict[str, str] = {}
    return {name: first.setdefault(repr(row[column]), column) for name, column in results.items()}


def _handed_down(facts: Sequence[Column], nobody: Mapping[str, str], account: Mapping[str, str]) -> Iterator[Column]:
    """Give what contacts take from the levels below."""
    yield from (Column(name, f'o."{name}"') for name in dict.fromkeys(nobody.values()))
    for name in dict.fromkeys([*(column.name for column in facts), *account.values()]):
        yield Column(name, f'CASE WHEN w.owner_id IS NULL THEN x."{name}" ELSE w."{name}" END')


def _kinds(judged: Judged, *kinds: str) -> Iterator[str]:
    """Name the results of these kinds."""
    yield from (f"{kind}_{t}" for t in judged.program.types for kind in kinds)


def _added_up(judged: Judged, own: Mapping[str, str], lower: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Add up the masks and points of all levels, and take the last of their days."""
    for name in (STRENGTH, *_kinds(judged, *SUMS)):
        yield name, " + ".join([own[name], *(f'"{results[name]}"' for results in lower)])
    for name in _kinds(judged, "open"):
        yield name, last_of([own[name], *(f'"{results[name]}"' for results in lower)])
