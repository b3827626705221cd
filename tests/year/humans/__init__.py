"""Random people who work in the org for a year: what each does on a business day, over REST, as themselves.

`live_through(day)` lets everybody do what is due on one day. Whether somebody says yes, stays silent or complains hangs on
the seed and on what they are asked, not on the order of things: two worlds with the same seed hold the same people. Not here:
the worker, the clock and what is right (`auditor`).
"""

from tests.year.humans.day import Day, Directory
from tests.year.humans.dice import Dice
from tests.year.humans.life import live_through

__all__ = ["Day", "Dice", "Directory", "live_through"]
