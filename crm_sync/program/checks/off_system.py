"""Check that the words of uses found outside the program stand for reference types that exist.

Not here: the other places that name reference types (`checks.types`).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.rules import Escalation


def check_off_system(draft: Draft) -> Iterator[Mistake]:
    """Tell every word that stands for a type nobody knows, and every word that only case tells from another."""
    found = draft.rule(Escalation)
    if found is None or draft.types is None:
        return
    escalation, source = found
    seen: dict[str, str] = {}
    for words, reference_type in escalation.off_system.words.items():
        path = ("off_system", "words", words)
        if reference_type not in draft.types:
            yield source.unknown(path, "the reference type", reference_type, draft.types)
        first = seen.setdefault(words.casefold().strip(), words)
        if first != words:
            yield source.mistake(path, f"{words!r} as well as {first!r}", "each word once")
