"""The program's own texts: every file of rules/ and mappings/ as it stands, kept with each run and read again for a replay.

Called by bootstrap and `crm-sync replay`. Not here: what they mean (`load`), and where they are kept (audit).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crm_sync.errors import PermanentError

FOLDERS = ("rules", "mappings")
PARTS = ("*.yaml", "presets/*.yaml", "templates/*.yaml")


def texts_of(rules_dir: Path, mappings_dir: Path) -> Mapping[str, str]:
    """Give every YAML file a program is made of, by its path below `rules/` or `mappings/`; cases are none of it."""
    found = {}
    for name, folder in zip(FOLDERS, (rules_dir, mappings_dir), strict=True):
        for path in sorted(path for part in PARTS for path in folder.glob(part)):
            found[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_text(encoding="utf-8", errors="replace")
    return found


def lay_out(texts: Mapping[str, str], folder: Path) -> tuple[Path, Path]:
    """Write the texts below an empty folder and return its rules and mappings folders, ready for `load_program`."""
    for name, text in texts.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise PermanentError(f"The kept program names a file outside its folder: {name!r}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "rules", folder / "mappings"
