"""What must agree between the files of rules/ and mappings/.

Called by `load` once every file was read. Each module here checks one subject and tells all its mistakes.
Not here: what one file alone can get wrong (the models).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft


def check(draft: Draft) -> Iterator[Mistake]:
    """Tell every disagreement, as far as the files fit their models."""
    yield from ()
