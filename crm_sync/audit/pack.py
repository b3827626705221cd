"""Some days of the decision log -> the files an auditor asks for, each as a name and its content.

Called by `crm-sync audit export`, which puts them into one file. What it says can be checked without crm_sync: the seals by
the recipe in the README, everything else by its SHA-256. Not here: writing files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from crm_sync.audit.books import RUN
from crm_sync.audit.recall import Recalled
from crm_sync.audit.relied import relied_on
from crm_sync.keeping import Decisions, NotKeptError, Sealed, Shelf, name_of

_WHO = re.compile(r"person-[0-9a-f]+")
UNSAID = frozenset({"modified_at", "expiry_warning"})
"""What changes about a consent without changing what was consented to."""
README = """What crm_sync decided, on what, and under which rules.

decisions.jsonl  every entry of the decision log in these days: {seq, run_id, at, seal, body}. `body` is the sealed text, JSON itself:
                 what = person (decisions by kind of reference), request (its candidates), run (what all of it was decided on).
                 seal = SHA-256 of the JSON list [seal of the entry before, seq, run_id, at, body], written as Python's
                 json.dumps writes it. The seal before the first entry is in manifest.json.
told.jsonl       the same entries with what they say of people unlocked; of whoever was forgotten, only that they were.
keys.jsonl       what unlocks them: {who, contact, key}. A box in a body is base64 of 12 bytes of nonce and the AES-256-GCM of a JSON
                 text under the key (hex) of its `who`, with `who` as the additional data.
runs.jsonl       the entries of the runs alone.
consents.jsonl   the consents that eligible people had, on whichever of their contact records, to what they were eligible for,
                 as the runs saw them: {consent, first_run, last_run}.
rules/<version>/ the texts of rules and mappings that the runs were made under.
manifest.json    the days, the seals at both ends, and the SHA-256 of every other file.

This pack is a copy: forgetting somebody does not reach it. Keep it no longer than it is needed.
"""


def pack(log: Decisions, archive: Shelf, first: date, last: date) -> Iterator[tuple[str, bytes]]:
    """Give every file of the pack for the days from `first` to `last` (UTC, both included); the manifest comes last."""
    every = log.sealed()
    sealed = [row for row in every if first <= date.fromisoformat(row[2][:10]) <= last]
    told = [entry for entry in log.entries() if first <= date.fromisoformat(entry["at"][:10]) <= last]
    told_runs = [Recalled(entry, archive) for entry in told if entry["what"] == RUN]
    files = {"README.txt": README.encode(), "decisions.jsonl": json_lines(map(sealed_entry, sealed))}
    files["told.jsonl"] = json_lines(told)
    files["keys.jsonl"] = json_lines(keys_for(sealed, log))
    files["runs.jsonl"] = json_lines(run.entry for run in told_runs)
    files["consents.jsonl"] = json_lines(consents_seen(told_runs))
    files |= rules_of(told_runs)
    yield from files.items()
    manifest = {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "entries": len(sealed),
        "runs": len(told_runs),
        "consents": files["consents.jsonl"].count(b"\n"),
        "seal_before": _seal_before(sealed, every, log),
        "seal_last": sealed[-1][4] if sealed else None,
        "files": {name: name_of(content) for name, content in files.items()},
    }
    yield "manifest.json", json.dumps(manifest, indent=2, sort_keys=True).encode()


def sealed_entry(row: Sealed) -> Mapping[str, Any]:
    """Give a sealed entry by names."""
    return dict(zip(("seq", "run_id", "at", "body", "seal"), row, strict=True))


def keys_for(sealed: Iterable[Sealed], log: Decisions) -> Iterator[Mapping[str, str]]:
    """Give the keys of the people in these entries who were not forgotten."""
    named = {who for row in sealed for who in _WHO.findall(row[3])}
    for who, contact, key in log.people():
        if who in named:
            yield {"who": who, "contact": contact, "key": key.hex()}


def _seal_before(sealed: Sequence[Sealed], every: Sequence[Sealed], log: Decisions) -> str:
    """Give the seal that the first of these entries continues."""
    number, seal = log.start()
    first = sealed[0][0] - 1 if sealed else number
    return seal if first == number else every[first - number - 1][4]


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write rows as JSON, one a line."""
    return "".join(f"{json.dumps(row, sort_keys=True, default=str)}\n" for row in rows).encode()


def rules_of(told: Sequence[Recalled]) -> Mapping[str, bytes]:
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


def consents_seen(told: Sequence[Recalled]) -> Iterator[Mapping[str, Any]]:
    """Give each consent as eligible people had it, with the first and the last run that saw it so."""
    found: dict[str, dict[str, Any]] = {}
    known: dict[tuple[str, str], Sequence[str]] = {}
    for run in told:
        source = (run.entry["inputs"], run.entry["decisions"])
        if source not in known:
            known[source] = [_consent(row) for row in relied_on(run)]
        for consent in known[source]:
            line = found.setdefault(consent, {"first_run": run.entry["run_id"]})
            line["last_run"] = run.entry["run_id"]
    for consent, line in found.items():
        yield {"consent": json.loads(consent), **line}


def _consent(row: Mapping[str, Any]) -> str:
    return json.dumps({name: row[name] for name in row if name not in UNSAID}, sort_keys=True, default=str)
