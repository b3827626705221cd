"""rules/retention.yaml as values: how long records are kept.

Read by `lifecycle`. Not here: disposal.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_sync.program.base import Months, Name, Part


class Retention(Part):
    """Months to keep closed records, by mapping name."""

    keep_months: Mapping[Name, Months]
    legal_hold_stops_disposal: bool
