"""What must agree between the files of rules/ and mappings/.

Called by `load` once every file was read. Each module here checks one subject and tells all its mistakes.
Not here: what one file alone can get wrong (the models).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.errors import Mistake
from crm_sync.program.checks.conditions import check_conditions
from crm_sync.program.checks.ids import check_ids
from crm_sync.program.checks.joined import check_joined
from crm_sync.program.checks.mappings import check_mappings
from crm_sync.program.checks.off_system import check_off_system
from crm_sync.program.checks.outreach import check_outreach
from crm_sync.program.checks.templates import check_templates
from crm_sync.program.checks.types import check_types
from crm_sync.program.checks.vocabulary import check_vocabulary
from crm_sync.program.checks.words import check_words
from crm_sync.program.draft import Draft


def check(draft: Draft) -> Iterator[Mistake]:
    """Tell every disagreement, as far as the files fit their models."""
    for subject in (
        check_ids,
        check_types,
        check_conditions,
        check_words,
        check_mappings,
        check_joined,
        check_vocabulary,
        check_off_system,
        check_outreach,
        check_templates,
    ):
        yield from subject(draft)
