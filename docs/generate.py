"""Writes the parts of the docs that come from the code: settings, schemas, operator tables. `make docs` runs it.

Tests hold the committed files to what this writes. Not here: anything a person writes better.
"""

from __future__ import annotations

import re
from pathlib import Path

from crm_sync.program.renew import renew
from crm_sync.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
OPS = ROOT / "docs" / "guide-ops.md"
SETTINGS = re.compile(r"(<!-- settings: begin -->\n).*?(<!-- settings: end -->)", re.DOTALL)


def settings_table() -> str:
    """Render the settings as the table of the ops guide."""
    rows = ["| variable | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def ops_guide() -> str:
    """Render the ops guide with the settings as they are now."""
    return SETTINGS.sub(lambda found: found[1] + settings_table() + found[2], OPS.read_text(encoding="utf-8"))


def main() -> None:
    """Rewrite every generated part."""
    OPS.write_text(ops_guide(), encoding="utf-8")
    renew(ROOT / "rules", ROOT / "mappings")


if __name__ == "__main__":
    main()
