"""Which text an ask is made with: the one the owner has in hand, while it may be used; else the one in force.

A later version does not take the place of one that is in hand. A retired one gives way, unless its task was closed: then the
customer may have been asked already, and nobody is asked twice. The match notes the text, before the task is made.
Called by `ask_duties` and `matches`. Not here: what a text says (`drafts`).
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_sync.lifecycle.drafts import text_for
from crm_sync.lifecycle.world import Row, World, digest
from crm_sync.program.templates import Template


@dataclass(frozen=True)
class Told:
    """A text by what records carry of it; `text` is None when there is none, or it is no longer among the rules."""

    label: str
    text: Template | None

    @classmethod
    def of(cls, text: Template | None) -> Told:
        """Name a text; none has no label."""
        return cls(text.label if text else "", text)


def is_waiting(match: Row) -> bool:
    """Whether the owner has agreed and nobody has asked the customer yet."""
    approved = match.get("owner_decision") == "approved"
    return approved and not match.get("asked_on") and not match.get("customer_response")


def outreach_key(match: Row, label: str) -> str:
    """The external key of the outreach task: one for each request, person, attempt and text."""
    return digest("outreach", match["key"], str(int(match.get("attempt") or 0)), label)


def outreach_text(world: World, match: Row) -> Told:
    """The text by which this ask was or is to be made."""
    label = match.get("outreach_text") or ""
    task, text = world.task_of.get(outreach_key(match, label)), world.program.templates.by_label.get(label)
    in_hand = text is not None and not text.is_retired(world.today)
    if label and task is not None and (task.get("closed") or in_hand):
        return Told(label, text)
    kind = (world.row("request", match.get("request")) or {}).get("type")
    return Told.of(text_for(world, "outreach", world.contact_of(match), kind))
