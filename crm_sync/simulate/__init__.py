"""A rule set over the requests of the past months: who would have been asked, what would have come of it, and who flips."""

from crm_sync.simulate.courses import ENDINGS, Course, courses
from crm_sync.simulate.flips import Becomes, Flip, Flips, flips
from crm_sync.simulate.past import TAKEN_AS_TODAY, Kept, nothing_kept
from crm_sync.simulate.people import Habit
from crm_sync.simulate.play import Played, Tick, business_days, play
from crm_sync.simulate.recount import Breach, breaches

__all__ = [
    "ENDINGS",
    "TAKEN_AS_TODAY",
    "Becomes",
    "Breach",
    "Course",
    "Flip",
    "Flips",
    "Habit",
    "Kept",
    "Played",
    "Tick",
    "breaches",
    "business_days",
    "courses",
    "flips",
    "nothing_kept",
    "play",
]
