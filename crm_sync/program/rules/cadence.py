"""rules/cadence.yaml as values: staying in touch with references.

Read by `lifecycle`. Not here: the tasks it leads to.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crm_sync.program.base import BusinessDays, Days, Part


class Cadence(Part):
    """When to say thank you, check in, and remind of an ending consent (days before its end)."""

    thank_you_business_days: BusinessDays
    thank_you_look_back_days: Days
    check_in_days: Days
    briefing_business_days: BusinessDays
    invitation_business_days: BusinessDays
    invitations_open_per_owner: int = Field(ge=1, le=1000)
    consent_reminder_days: Annotated[tuple[Days, ...], Field(min_length=1)]
    never_asked_promoter_days: Days
    unused_reference_days: Days
