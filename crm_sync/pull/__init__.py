"""Step 1, shell: the org -> the mirror -> a Snapshot. Reads only; a part that cannot be read is unknown, never guessed."""

from crm_sync.pull.pull import pull
from crm_sync.pull.sweep import sweep

__all__ = ["pull", "sweep"]
