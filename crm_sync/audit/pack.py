"""Some days of the decision log -> the files an auditor asks for, each as a name and its content.

Called by `crm-sync audit export`, which puts them into one file. What it says can be checked without crm_sync: the seals by
the recipe in the README, everything else by its SHA-256. Not here: writing files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from crm_sync.audit.books import RUN
from crm_sync.audit.decided import kept_decisions
from crm_sync.audit.recall import Recalled
from crm_sync.audit.tables import kept_table
from crm_sync.ports import Archive, Decisions, NotKeptError, name_of

SEAL_OF_NONE = "0" * 64
ADDED = ("seq", "run_id", "at", "seal")
UNSAID = frozenset({"modified_at", "expiry_warning"})
"""What changes about a consent without changing what was consented to."""
README = """What crm_sync decided, on what, and under which rules.

decisions.jsonl  every entry of the decision log in these days: {seq, run_id, at, seal, body}. `body` is the sealed text, JSON itself:
                 what = person (decisions by kind of reference), request (its candidates), run (what all of it was decided on).
                 seal = SHA-256 of the JSON list [seal of the entry before, seq, run_id, at, body], written as Python's
                 json.dumps writes it. The seal before the first entry is in manifest.json.
runs.jsonl       the entries of the runs alone.
consents.jsonl   the consents that eligible people had, as the runs saw them: {consent, first_run, last_run}.
rules/<version>/ the texts of rules and mappings that the runs were made under.
manifest.json    the days, the seals at both ends, and the SHA-256 of every other file.
"""


def pack(log: Decisions, archive: Archive, first: date, last: date) -> Iterator[tuple[str, bytes]]:
    """Give every file of the pack for the days from `first` to `last` (UTC, both included); the manifest comes last."""
    every = log.entries()
    entries = [entry for entry in every if first <= date.fromisoformat(entry["at"][:10]) <= last]
    told = [Recalled(entry, archive) for entry in entries if entry["what"] == RUN]
    files = {"README.txt": README.encode(), "decisions.jsonl": _lines(map(_sealed, entries))}
    files["runs.jsonl"] = _lines(run.entry for run in told)
    files["consents.jsonl"] = _lines(_consents(told))
    files |= _rules(told)
    yield from files.items()
    before = entries[0]["seq"] - 1 if entries else 0
    manifest = {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "entries": len(entries),
        "runs": len(told),
        "seal_before": every[before - 1]["seal"] if before else SEAL_OF_NONE,
        "seal_last": entries[-1]["seal"] if entries else None,
        "files": {name: name_of(content) for name, content in files.items()},
    }
    yield "manifest.json", json.dumps(manifest, indent=2, sort_keys=True).encode()


def _sealed(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give an entry with its body as it was sealed."""
    body = {name: value for name, value in entry.items() if name not in ADDED}
    return {name: entry[name] for name in ADDED} | {"body": json.dumps(body, sort_keys=True, default=str)}


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row, sort_keys=True, default=str)}\n" for row in rows).encode()


def _rules(told: Sequence[Recalled]) -> Mapping[str, bytes]:
    """Give the texts of every version that a run was made under, as far as they are kept."""
    files: dict[str, bytes] = {}
    seen = {run.entry["sources"]: run for run in told}
    for run in seen.values():
        try:
            texts = run.sources()
        except NotKeptError:
            continue
        files |= {f"rules/{run.entry['rules']}/{name}": text.encode() for name, text in texts.items()}
    return files


def _consents(told: Sequence[Recalled]) -> Iterator[Mapping[str, Any]]:
    """Give each consent as eligible people had it, with the first and the last run that saw it so."""
    found: dict[str, dict[str, Any]] = {}
    known: dict[tuple[str, str], Sequence[str]] = {}
    for run in told:
        source = (run.entry["inputs"], run.entry["decisions"])
        if source not in known:
            known[source] = _relied_on(run)
        for consent in known[source]:
            line = found.setdefault(consent, {"first_run": run.entry["run_id"]})
            line["last_run"] = run.entry["run_id"]
    for consent, line in found.items():
        yield {"consent": json.loads(consent), **line}


def _relied_on(run: Recalled) -> Sequence[str]:
    """Give the consents to what people are eligible for, each as JSON; nothing when the run is no longer kept."""
    try:
        kept = kept_decisions(run.entry["decisions"], run.archive)
        people = kept_table(kept["people"], run.archive).to_pylist()
        consents = run.table("consent").to_pylist()
    except NotKeptError:
        return ()
    eligible = {
        (row["contact_id"], name)
        for row in people
        for name in kept["types"]
        if row[f"failed_{name}"] == 0 and row[f"unknown_{name}"] == 0
    }
    return [_consent(row) for row in consents if (row["contact"], row["use"]) in eligible]


def _consent(row: Mapping[str, Any]) -> str:
    return json.dumps({name: row[name] for name in row if name not in UNSAID}, sort_keys=True, default=str)
