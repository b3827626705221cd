"""Step 5, shell: a Plan -> the org, by one worker at a time, with one result per change and a record of every attempt."""

from crm_sync.writeback.write_back import write_back

__all__ = ["write_back"]
