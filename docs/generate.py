"""Writes the parts of the docs that come from the code: settings, schemas, operator tables, states. `make docs` runs it.

Tests hold the committed files to what this writes. Not here: anything a person writes better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from crm_sync.local_org import api, control, faults, soap_calls
from crm_sync.program import load_program
from crm_sync.program.renew import renew
from crm_sync.settings import PREFIX, Settings
from docs.draw import lifecycle

ROOT = Path(__file__).parents[1]
OPS = ROOT / "docs" / "guide-ops.md"
LOCAL_ORG = ROOT / "docs" / "local-org.md"
LIFECYCLE = ROOT / "docs" / "lifecycle.md"


def settings_table() -> str:
    """Render the settings as the table of the ops guide."""
    rows = ["| variable | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def ops_guide() -> str:
    """Render the ops guide with the settings as they are now."""
    return _filled(OPS, {"settings": settings_table()})


def local_org_page() -> str:
    """Render the page of the local org with its controls, its faults and what it refuses as they are now."""
    controls = [(f"`{name}`", (made.__doc__ or "").replace("|", "\\|")) for name, made in control.ENDPOINTS.items()]
    kinds = [(f"`{kind}`", told) for kind, told in faults.KINDS.items()]
    parts = {
        "controls": _table(("call", "what it does"), controls),
        "faults": _table(("kind", "what happens; what `with` may say"), kinds),
        "unsupported": _listed(api.UNSUPPORTED),
        "soap": _listed(("login", "logout", "getUserInfo", *soap_calls.CALLS)),
    }
    return _filled(LOCAL_ORG, parts)


def _table(header: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [header, ("---", "---"), *((name, " ".join(told.split())) for name, told in rows)]
    return "".join(f"| {name} | {told} |\n" for name, told in lines)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) + "\n"


def _filled(path: Path, parts: Mapping[str, str]) -> str:
    """Put generated parts between their marks."""
    text = path.read_text(encoding="utf-8")
    for name, content in parts.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        text = before + begin + content + end + rest.partition(end)[2]
    return text


def lifecycle_page() -> str:
    """Render the page of states from the tables of the code and the rules that ship."""
    return lifecycle(load_program(ROOT / "rules", ROOT / "mappings"))


def main() -> None:
    """Rewrite every generated part."""
    OPS.write_text(ops_guide(), encoding="utf-8")
    LOCAL_ORG.write_text(local_org_page(), encoding="utf-8")
    LIFECYCLE.write_text(lifecycle_page(), encoding="utf-8")
    renew(ROOT / "rules", ROOT / "mappings")


if __name__ == "__main__":
    main()
