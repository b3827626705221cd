"""rules/ and mappings/ against what the org shows -> every finding, each with the line to look at.

Called by `crm-sync check --org`. One module a subject: `reading` (is it there, does its type fit), `values` (picklists,
both ways), `writing` (may the worker write what it owns), `lengths` (do its texts fit), `truths` (which criteria can
never be true). Nothing here asks the org; it is given what describe said.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_sync.ports import ObjectFacts
from crm_sync.program import Draft
from crm_sync.pull.fit.finding import Finding, Level
from crm_sync.pull.fit.lengths import check_lengths
from crm_sync.pull.fit.reading import check_reading
from crm_sync.pull.fit.seen import Seen
from crm_sync.pull.fit.truths import check_truths
from crm_sync.pull.fit.values import check_values
from crm_sync.pull.fit.writing import check_writing

__all__ = ["Finding", "Level", "hold_against", "objects_of"]


def objects_of(draft: Draft) -> tuple[str, ...]:
    """Name the org's objects that have to be described for `hold_against`, each once."""
    return tuple(dict.fromkeys(table.object for mapping in draft.mappings.values() for table in mapping.tables))


def hold_against(draft: Draft, facts: Mapping[str, ObjectFacts]) -> tuple[Finding, ...]:
    """Tell everything in which program and org do not fit, the gravest first, then as it stands in the files.

    `facts` is by API name of the object; an object that is not visible is absent. Files that did not fit their own
    model are not in the draft and are passed over.
    """
    seen = Seen(draft, facts)
    checks = (check_reading, check_values, check_writing, check_lengths, check_truths)
    found = {finding for check in checks for finding in check(seen)}
    return tuple(sorted(found, key=Finding.order))
