"""A customer's concern about a department -> a Case in that department's queue with a due day, and proof of the reply.

Called by `lifecycle.standing` and `lifecycle.desired`. The worker opens the Case and never changes it; the reply, its day and
its evidence are people's. Not here: the escalation that watches over it (`escalations`).
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.lifecycle.escalations import Record, case_key, records
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.records import Desired

DESCRIPTION_LENGTH = 32_000


def desired_cases(world: World) -> Iterator[Desired]:
    """Open a Case for every concern."""
    for record in concerns(world):
        yield _case(world, record)


def concerns(world: World) -> Iterator[Record]:
    """The concerns about departments that are open."""
    return (record for record in records(world) if record.kind == "department_concern")


def case_of(world: World, record: Record) -> Row | None:
    """The Case in the org of one concern, or None while there is none."""
    key = case_key(record)
    return next((row for row in world.rows("case") if row.get("key") == key), None)


def _case(world: World, record: Record) -> Desired:
    first = record.incidents[0]
    department = first.department
    contact = world.row("contact", first.contact) or {}
    days = world.program.matching.service_levels_business_days.concern_reply
    raised_on = record.held["raised_on"] if record.held and record.held.get("raised_on") else world.today
    due_on = world.calendar.add(raised_on, days)
    text = (
        f"A customer who speaks for us as a reference has a concern for {department}.\n{first.evidence}\n"
        f"Please answer the customer by {due_on:%d %b %Y}, then enter the day and where the answer can be read."
    )
    on_create = {
        "key": case_key(record),
        "subject": f"Concern of a reference customer for {department}",
        "description": text[:DESCRIPTION_LENGTH],
        "account": contact.get("account"),
        "contact": first.contact,
        "department": department,
        "reply_due": due_on,
    }
    queue = world.queue(world.program.escalation.department_queues.get(department or "")) or world.nobodys_queue
    if queue:
        on_create["owner"] = queue
    return Desired("case", {}, key=case_key(record), on_create=on_create, why="a concern about a department")
