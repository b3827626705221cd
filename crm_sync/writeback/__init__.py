"""Step 5, shell: a Plan -> the org, by one worker at a time, with one result per change and a record of every attempt."""

from crm_sync.writeback.lease import left_open
from crm_sync.writeback.write_back import write_back

__all__ = ["left_open", "write_back"]
