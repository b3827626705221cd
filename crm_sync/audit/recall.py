"""The decision log and the archive -> a run as it was: its entry, its inputs, and the texts of its rules.

Called by `crm-sync replay` and `audit`. Not here: deciding again (the pipeline does, on what is given here).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from crm_sync.audit.books import RUN
from crm_sync.audit.decided import BY, kept_decisions
from crm_sync.audit.inputs import kept_input, kept_inputs, pieces_of
from crm_sync.errors import ConfigurationError, Mistake, PermanentError
from crm_sync.keeping import Decisions, NotKeptError, Shelf, name_of
from crm_sync.model.snapshot import Snapshot

LAST = "last"
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Recalled:
    """One run of the past: its entry in the log, and the archive that holds the rest."""

    entry: Entry
    archive: Shelf

    def snapshot(self) -> Snapshot:
        """Give the inputs again; raises PermanentError when they are no longer kept."""
        return kept_inputs(self.entry["inputs"], datetime.fromisoformat(self.entry["as_of"]), self.archive)

    def table(self, name: str) -> pa.Table:
        """Give one table of the inputs again; raises PermanentError as `snapshot` does."""
        return kept_input(self.entry["inputs"], name, self.archive)

    def sources(self) -> Mapping[str, str]:
        """Give the texts of the rules and mappings of that time, by path; raises PermanentError as `snapshot` does."""
        found: Mapping[str, str] = json.loads(self.archive.get(self.entry["sources"]))
        return found


def runs(log: Decisions) -> Sequence[Entry]:
    """Give the entry of every run in the log, oldest first."""
    return log.entries(what=RUN)


def recall(wanted: str, log: Decisions, archive: Shelf) -> Recalled:
    """Find a run by its name, its plan's checksum, the beginning of either, or `last`; of several, the latest.

    Raises ConfigurationError when there is none; names the nearest.
    """
    known = runs(log)
    named = [entry for entry in known if wanted == LAST or _is(entry, wanted)]
    if not named:
        names = [str(entry["run_id"]) for entry in known]
        alike = difflib.get_close_matches(wanted, names, n=1, cutoff=0.3)
        expected = "a run of the decision log, its plan's checksum, or `last`; crm-sync audit runs lists them"
        raise ConfigurationError((Mistake("run", repr(wanted), expected, alike[0] if alike else None),))
    return Recalled(named[-1], archive)


def _is(entry: Entry, wanted: str) -> bool:
    return any(str(entry[name]).startswith(wanted) for name in ("run_id", "plan"))


def intact(run: Recalled, redacted: Mapping[str, str] | None = None) -> bool:
    """Whether everything of a run is kept; raises PermanentError when some of it is damaged.

    `redacted` says what the pieces have to hold that somebody forgotten was taken out of; see `redactions`.
    """
    try:
        for name in (run.entry["sources"], *_pieces(run)):
            content = run.archive.get(name)
            if run.archive.is_redacted(name) and (redacted or {}).get(name) != name_of(content):
                raise PermanentError(
                    f"{name} in the archive is said to be without somebody who was forgotten, and the disposition log "
                    "does not say so. Compare the archive with a backup."
                )
    except NotKeptError:
        return False
    return True


def is_redacted(run: Recalled) -> bool:
    """Whether somebody who was forgotten since was taken out of what this run was made from; raises PermanentError as `intact`."""
    return any(run.archive.is_redacted(name) for name in _pieces(run))


def _pieces(run: Recalled) -> Sequence[str]:
    kept = kept_decisions(run.entry["decisions"], run.archive)
    names = [*pieces_of(run.entry["inputs"], run.archive), *(piece for table in BY for piece in kept[table])]
    return list(dict.fromkeys(names))
