"""The order of a business day: feeds first, then customers, then everybody at their desks."""

from __future__ import annotations

from tests.year.humans import admins, customers, feeds, owners, program, reps
from tests.year.humans.day import Day


def live_through(day: Day) -> None:
    """Let everybody do what is due today."""
    feeds.deliver(day)
    customers.make_themselves_heard(day)
    owners.work(day)
    reps.work(day)
    program.work(day)
    admins.meddle(day)
