"""The official `sf` command line imports the whole sample plan into an org with no records yet.

Of all tests of clients the longest: the command line resolves references for minutes. By itself in a module, so that it runs beside others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

from tests.local_place import PACKAGE

MINUTES = 60
EVERY_ORG_HAS = {"BusinessHours": 1}


def test_the_whole_sample_plan_is_imported(programs, org, tmp_path):
    """Without our own people, whom an import may not create; every record there is, and what it refers to."""
    subprocess.run([sys.executable, PACKAGE / "data" / "without_users.py", tmp_path], check=True)
    plan = json.loads((tmp_path / "plan.json").read_text())
    records = {
        e["sobject"]: [r for name in e["files"] for r in json.loads((tmp_path / name).read_text())["records"]]
        for e in plan
    }
    programs.sign_in(org)
    made = programs.sf("data", "import", "tree", "--plan", tmp_path / "plan.json", seconds=15 * MINUTES)["result"]
    assert Counter(r["type"] for r in made) == {name: len(rows) for name, rows in records.items()}
    counted = {name: org.rows(f"SELECT COUNT(Id) n FROM {name}")[0]["n"] for name in records}
    assert counted == {name: len(rows) + EVERY_ORG_HAS.get(name, 0) for name, rows in records.items()}
    ids = {r["refId"]: r["id"] for r in made}
    of_account = {
        ids[r["attributes"]["referenceId"]]: ids[r["AccountId"][1:]] for r in records["Contact"] if "AccountId" in r
    }
    found = programs.sf("data", "query", "--query", "SELECT Id, AccountId FROM Contact WHERE AccountId != null")[
        "result"
    ]
    assert {r["Id"]: r["AccountId"] for r in found["records"]} == of_account
