"""Writes a copy of the sample plan for an org whose users an import may not create; you then own every record.

    python deploy/salesforce/data/without_users.py /tmp/sample
    sf data import tree --plan /tmp/sample/plan.json

Leaves out our own people and every field that refers to them. Needs nothing but Python. Dates stay those of the anchor.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def without_users(line: str) -> str:
    """Leave out of one record what refers to our own people."""
    record, comma = line.removesuffix(","), line.endswith(",")
    kept = {field: value for field, value in json.loads(record).items() if not str(value).startswith("@user_")}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + ("," if comma else "")


def copy(out: Path) -> None:
    """Write the plan and its files below a folder."""
    (out / "records").mkdir(parents=True, exist_ok=True)
    plan = (HERE / "plan.json").read_text(encoding="utf-8")
    for entry in json.loads(plan):
        for name in entry["files"]:
            first, *records, last = (HERE / name).read_text(encoding="utf-8").splitlines()
            lines = [first, *(without_users(line) for line in records), last]
            (out / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (out / "plan.json").write_text(plan, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(
            "Say which folder to write to, for example: python deploy/salesforce/data/without_users.py /tmp/sample"
        )
    copy(Path(sys.argv[1]))
