"""Step 4, pure: desired records against what the org holds -> a Plan that prints, has a checksum, and can be refused."""

from crm_sync.diff.compare import plan
from crm_sync.diff.foresee import foresee
from crm_sync.diff.plan import Plan

__all__ = ["Plan", "foresee", "plan"]
