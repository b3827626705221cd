"""Activities -> effort points and the day a thank-you is due.

Called by `lifecycle.desired`. What happened is people's to write; the worker only weighs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_sync.lifecycle.world import World
from crm_sync.model.records import Desired


def desired_activities(world: World) -> Iterator[Desired]:
    """Weigh every activity and date its thank-you."""
    effort = world.program.tolerance.effort_points
    days = world.program.cadence.thank_you_business_days
    for row in world.rows("activity"):
        done = row.get("completed_on") if row.get("status") == "completed" else None
        fields = {
            "effort_points": effort.get(row.get("type") or ""),
            "thank_you_due": world.calendar.add(done, days) if done else None,
        }
        yield Desired("activity", fields, id=row["id"], why="effort of its type")
