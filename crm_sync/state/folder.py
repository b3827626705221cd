"""The state folder: made for this user alone, refused when others can look in. Called by journal and mirror."""

from __future__ import annotations

import stat
from pathlib import Path

from crm_sync.errors import ConfigurationError, Mistake


def private_folder(path: Path) -> None:
    """Make the folder with mode 0700; raises ConfigurationError when it exists and is open to others, or is a link."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigurationError((Mistake("CRM_SYNC_STATE_DIR", f"{path}, which is no folder of its own", "a folder"),))
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise ConfigurationError(
            (Mistake("CRM_SYNC_STATE_DIR", f"{path} with mode {mode:04o}", f"mode 0700; run: chmod 700 {path}"),)
        )
