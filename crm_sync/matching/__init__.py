"""Step 3, pure: open requests x verdicts -> a ranked slate per request, from one joint assignment.

Called by the pipeline. Not here: who may be asked at all (evaluate) and what is written about it (lifecycle).
"""

from crm_sync.matching.joint import match

__all__ = ["match"]
