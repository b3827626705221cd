"""Renew what is generated in rules/ and mappings/: the schemas for editors and the tables of both pages.

Called by whoever changed a mapping or a reference type, so that editors complete the new names. Not here: rendering.
"""

from __future__ import annotations

from pathlib import Path

from crm_sync.program.load import load_program
from crm_sync.program.pages import write_pages
from crm_sync.program.schemas import write_schemas


def renew(rules_dir: Path, mappings_dir: Path) -> None:
    """Write every schema and table anew; raises ConfigurationError when the program has mistakes."""
    write_schemas(load_program(rules_dir, mappings_dir), rules_dir, mappings_dir)
    write_pages(rules_dir, mappings_dir)
