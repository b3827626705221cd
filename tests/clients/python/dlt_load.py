"""What dlt's verified source does: describe, then a lazy Bulk 1.0 query of all, merged into DuckDB; twice, to see what is new.

python dlt_load.py FOLDER OBJECT...  prints the rows per table after each of two runs, and asks for a new record between
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import dlt
from simple_salesforce import Salesforce

folder, objects = Path(sys.argv[1]), sys.argv[2:]
client = Salesforce(instance_url=os.environ["ORG_BASE"], session_id=os.environ["ACCESS_TOKEN"])


def records(name, state=dlt.sources.incremental("SystemModstamp", initial_value=None)):  # noqa: B008 - dlt's own way
    fields = getattr(client, name).describe()["fields"]
    compound = {f["compoundFieldName"] for f in fields if f["compoundFieldName"]} - {"Name"}
    dates = {f["name"] for f in fields if f["type"] == "datetime"}
    names = [f["name"] for f in fields if f["name"] not in compound]
    after = f"WHERE SystemModstamp > {state.last_value}" if state.last_value else ""
    soql = f"SELECT {', '.join(names)} FROM {name} {after} ORDER BY SystemModstamp ASC"
    for page in getattr(client.bulk, name).query_all(soql, lazy_operation=True, wait=0.1):
        yield [{k: told(k in dates, v) for k, v in row.items() if k != "attributes"} for row in page]


def told(is_date, value):
    if not is_date or value is None:
        return value
    return datetime.fromtimestamp(value / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def resource(name):
    return dlt.resource(records, name=name.lower(), write_disposition="merge", primary_key="Id")(name)


pipeline = dlt.pipeline(
    "program",
    destination=dlt.destinations.duckdb(str(folder / "to.duckdb")),
    dataset_name="raw",
    pipelines_dir=str(folder),
)
counts = []
for _ in range(2):
    pipeline.run([resource(name) for name in objects])
    with pipeline.sql_client() as db:
        counts.append({name: db.execute_sql(f"SELECT count(*) FROM {name.lower()}")[0][0] for name in objects})
    client.Account.create({"Name": "Between the runs"})
    client.Account.update(client.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"], {"Phone": "1"})
print(json.dumps(counts))
