"""Which text a colleague has in hand for a customer: the one their task was written from, while it may be used.

A later version does not take the place of one that is in use; a retired one gives way, unless the task is closed: then the
customer may have been asked already, and nobody is asked twice. Called by `ask_duties`, `briefings` and `matches`.
Not here: what a text says (`drafts`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_sync.lifecycle.drafts import text_for
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.program.merge_fields import Kind
from crm_sync.program.templates import Template


@dataclass(frozen=True)
class Told:
    """A text by what records carry of it; `text` is None when there is none, or it is no longer among the rules."""

    label: str
    text: Template | None


def outreach_key(match: Row, label: str) -> str:
    """The external key of the outreach task: one for each request, person, attempt and text."""
    return digest("outreach", match["key"], str(int(match.get("attempt") or 0)), label)


def outreach_text(world: World, match: Row) -> Told:
    """The text by which this ask was or is to be made."""
    contact = world.contact_of(match)
    kind = (world.row("request", match.get("request")) or {}).get("type")
    recorded = match.get("outreach_text")
    return told_in(world, "outreach", contact, kind, lambda label: outreach_key(match, label), recorded=recorded)


def told_in(
    world: World,
    kind: Kind,
    contact: str | None,
    reference_type: str | None,
    key_of: Callable[[str], str],
    *,
    recorded: str | None = None,
    counts: Callable[[Template], bool] = lambda _: True,
) -> Told:
    """Find the text of the task that exists, else the one in force; what no longer `counts` is not looked for."""
    texts = world.program.templates
    known = {text.label: text for text in texts.versions if text.is_for(kind, reference_type) and counts(text)}
    for label in dict.fromkeys((*((recorded,) if recorded else ()), *known)):
        task, text = world.task_of.get(key_of(label)), texts.by_label.get(label)
        if task is not None and (task.get("closed") or (text is not None and not text.is_retired(world.today))):
            return Told(label, text)
    text = text_for(world, kind, contact, reference_type)
    return Told(text.label if text else "", text)
