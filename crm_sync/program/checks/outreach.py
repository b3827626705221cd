"""Check the words of rules/outreach.yaml: every phrase holds the values that it stands around.

Not here: the reference types they name (`checks.types`), and the texts that use them (`checks.templates`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm_sync.errors import Mistake
from crm_sync.program.draft import Draft
from crm_sync.program.merge import fields, strays
from crm_sync.program.nodes import Path
from crm_sync.program.rules import Outreach
from crm_sync.program.sources import Source

NUMBER = ("number",)
VALUES: Mapping[Path, tuple[str, ...]] = {
    ("either",): ("one", "other"),
    ("limit",): ("number", "what", "days"),
    ("company_limit",): ("number", "what", "days"),
    ("minutes", "one"): NUMBER,
    ("minutes", "many"): NUMBER,
    ("hours", "one"): NUMBER,
    ("hours", "many"): NUMBER,
    ("business_days", "one"): NUMBER,
    ("business_days", "many"): NUMBER,
    ("date",): ("day", "month", "year"),
}
"""The values that a phrase stands around; each of them has to stand in it."""


def check_outreach(draft: Draft) -> Iterator[Mistake]:
    """Tell every phrase that loses a value, or names one that it does not get."""
    found = draft.rule(Outreach)
    if found is None:
        return
    outreach, source = found
    for language, words in outreach.languages.items():
        at = ("languages", language)
        for path, values in VALUES.items():
            phrase: object = words
            for step in path:
                phrase = getattr(phrase, str(step))
            yield from _phrase(source, (*at, *path), str(phrase), values)


def _phrase(source: Source, path: Path, phrase: str, values: tuple[str, ...]) -> Iterator[Mistake]:
    used = [field.name for field in fields(phrase)]
    for name in used:
        if name not in values:
            yield source.unknown(path, "the value", name, values)
    named = [f"{{{{{name}}}}}" for name in values]
    if any(strays(phrase)) or set(values) - set(used):
        yield source.mistake(path, f"the phrase {phrase!r}", f"one with {' and '.join(named)}")
