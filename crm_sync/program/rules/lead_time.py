"""rules/lead_time.yaml as values: the notice every kind of reference needs, and what is offered instead.

Read by `matching` and `lifecycle`. Not here: calendars.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_sync.program.base import BusinessDays, Part, PerType, ReferenceType


class LeadTime(Part):
    """Notice in business days per type, more for a person's first ask; time zones by region; substitutes in order."""

    business_days: PerType[BusinessDays]
    first_ask: PerType[BusinessDays]
    default_time_zone_by_region: Mapping[str, str]
    substitutes: PerType[tuple[ReferenceType, ...]]

    def notice_days(self, reference_type: str, *, first_ask: bool) -> int:
        """Return the business days this type needs; for a first ask the longer of both."""
        usual = self.business_days[reference_type]
        return max(usual, self.first_ask.get(reference_type, usual)) if first_ask else usual
