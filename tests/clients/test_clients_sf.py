"""The official `sf` command line at its ordinary work, on what it says and on what is in the org afterwards."""

from __future__ import annotations

import csv
import json
import os
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture(scope="module")
def signed(programs, org):
    """A session by access token, as the default org."""
    return programs.sign_in(org)


@pytest.fixture
def sf(programs, signed):
    """Run a command as a script would: its --json answer."""
    return lambda *arguments, **more: programs.sf(*arguments, **more)["result"]


@pytest.fixture
def seen(programs, signed):
    """Run a command as a person would: what it prints."""
    return programs.sf_text


def table(path, header, rows):
    with path.open("w", newline="") as file:
        written = csv.writer(file, lineterminator="\n")
        written.writerow(header)
        written.writerows(rows)
    return path


# --- sign-in


def test_login_by_access_token(org, signed, sf):
    assert (signed["orgId"], signed["username"]) == (org.running.org_id, org.running.username)
    assert (signed["isDevHub"], signed["isSandbox"], signed["instanceApiVersion"]) == (False, True, "68.0")
    told = sf("org", "display")
    assert (told["id"], told["connectedStatus"]) == (org.running.org_id, "Connected")


def test_a_wrong_token_is_refused(programs, org):
    given = {"SF_ACCESS_TOKEN": "00D000000000000!nobody"}
    told = programs.sf(
        "org", "login", "access-token", "--instance-url", org.running.base_url, "--no-prompt", code=1, **given
    )
    assert "Bad_OAuth_Token" in told["message"]


def test_login_by_jwt_and_renewal(programs, org, signed, tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, kind = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    private = key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    (tmp_path / "server.key").write_bytes(private)
    org.control("POST", "certificate", {"certificate": key.public_key().public_bytes(encoding, kind).decode()})
    administrator = "admin@crm-sync.example"
    who = ["--client-id", org.running.client_id, "--jwt-key-file", tmp_path / "server.key", "--username", administrator]
    told = programs.sf("org", "login", "jwt", *who, "--instance-url", org.running.base_url)
    assert told["result"]["username"] == administrator
    org.control("DELETE", "sessions")
    query = ["data", "query", "--query", "SELECT Name FROM Organization", "--target-org", administrator]
    assert programs.sf(*query)["result"]["records"][0]["Name"] == "Embedded org"
    programs.sign_in(org)  # the session of the other tests ended too


BROWSER = """#!{python}
import os, sys, urllib.parse, urllib.request
if os.fork():
    os._exit(0)  # a browser that was told to open a page goes on by itself
nowhere = os.open(os.devnull, os.O_RDWR)
for stream in range(3):
    os.dup2(nowhere, stream)
page, _, query = sys.argv[-1].partition("?")
form = dict(urllib.parse.parse_qsl(query)) | {{"username": {username!r}, "password": {password!r}}}
urllib.request.urlopen(page, urllib.parse.urlencode(form).encode()).read()
"""


def test_login_by_the_browser(programs, org, signed, tmp_path):
    """The browser is a script that fills in the login page, as a person would."""
    browser = tmp_path / "firefox"
    who = {"username": "admin@crm-sync.example", "password": org.running.client_secret}
    browser.write_text(BROWSER.format(python=sys.executable, **who))
    browser.chmod(0o700)
    where = ["--instance-url", org.running.base_url, "--browser", "firefox"]
    path = os.pathsep.join([str(tmp_path), str(programs.node.parent), os.environ["PATH"]])
    told = programs.sf("org", "login", "web", *where, PATH=path)["result"]
    assert told["username"] == who["username"]
    org.control("DELETE", "sessions")
    query = ["data", "query", "--query", "SELECT Name FROM Organization", "--target-org", who["username"]]
    assert programs.sf(*query)["result"]["records"][0]["Name"] == "Embedded org"
    programs.sign_in(org)  # the session of the other tests ended too


# --- records


def test_one_record(org, sf):
    made = sf("data", "create", "record", "--sobject", "Account", "--values", "Name='Ann & Co' NumberOfEmployees=7")
    read = sf("data", "get", "record", "--sobject", "Account", "--where", "Name='Ann & Co'")
    assert (read["Id"], read["NumberOfEmployees"], read["attributes"]["type"]) == (made["id"], 7, "Account")
    sf("data", "update", "record", "--sobject", "Account", "--record-id", made["id"], "--values", "NumberOfEmployees=9")
    assert org.rows(f"SELECT NumberOfEmployees FROM Account WHERE Id = '{made['id']}'") == [{"NumberOfEmployees": 9}]
    sf("data", "delete", "record", "--sobject", "Account", "--where", "Name='Ann & Co'")
    assert org.rows(f"SELECT Id FROM Account WHERE Id = '{made['id']}'") == []


def test_a_refused_record_says_why(programs, signed):
    told = programs.sf("data", "create", "record", "--sobject", "Contact", "--values", "FirstName=x", code=1)
    assert "Required fields are missing: [LastName]" in told["message"]


# --- queries


@pytest.fixture(scope="module")
def many(org):
    account = org.human("Account", {"Name": "Many"})[0]
    org.human("Contact", *[{"LastName": f"M{n:04}", "AccountId": account} for n in range(2103)])


@pytest.mark.usefixtures("many")
def test_queries_for_scripts_and_tables(sf, seen):
    soql = "SELECT LastName, Account.Name FROM Contact WHERE LastName LIKE 'M%' ORDER BY LastName"
    found = sf("data", "query", "--query", soql)
    assert (found["totalSize"], found["done"], len(found["records"])) == (2103, True, 2103)
    assert (found["records"][-1]["LastName"], found["records"][-1]["Account"]["Name"]) == ("M2102", "Many")
    rows = list(csv.DictReader(seen("data", "query", "--query", soql, "--result-format", "csv").splitlines()))
    assert (len(rows), rows[2050]) == (2103, {"LastName": "M2050", "Account.Name": "Many"})


@pytest.mark.usefixtures("many")
def test_queries_for_people(seen):
    nested = seen("data", "query", "--query", "SELECT Name, (SELECT LastName FROM Contacts LIMIT 2) FROM Account")
    assert [line.split() for line in nested.splitlines() if "M000" in line] == [["Many", "M0000"], ["M0001"]]
    assert "CONTACTS.LASTNAME" in nested
    assert "Total number of records retrieved: 1." in nested
    grouped = seen("data", "query", "--query", "SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name")
    assert [line.split() for line in grouped.splitlines() if "Many" in line] == [["Many", "2103"]]


def test_a_wrong_query_says_where(programs, signed):
    told = programs.sf("data", "query", "--query", "SELECT Nothing__c FROM Account", code=1)
    assert "No such column 'Nothing__c' on entity 'Account'" in told["message"]


def test_search(org, sf):
    org.human("Account", {"Name": "Sought by sf", "Phone": "(0731) 17"})
    found = sf("data", "search", "--query", "FIND {sought AND 0731} IN ALL FIELDS RETURNING Account(Name)")
    assert [r["Name"] for r in found["searchRecords"]] == ["Sought by sf"]


# --- bulk


def test_bulk_import_update_delete_and_export(org, sf, seen, tmp_path):
    rows = [[f"B{n}", 'c, "1"\nd'] for n in range(50)]
    leads = table(tmp_path / "leads.csv", ["LastName", "Company"], rows)
    shape = ["--sobject", "Lead", "--wait", "2", "--line-ending", "LF"]
    made = sf("data", "import", "bulk", "--file", leads, *shape)
    assert (made["processedRecords"], made["successfulRecords"], made["failedRecords"]) == (50, 50, 0)
    found = org.rows("SELECT Id, Company FROM Lead WHERE LastName LIKE 'B%'")
    assert {r["Company"] for r in found} == {'c, "1"\nd'}
    changed = table(tmp_path / "changed.csv", ["Id", "Title"], [[r["Id"], "T"] for r in found])
    assert sf("data", "update", "bulk", "--file", changed, *shape)["successfulRecords"] == 50
    exported = tmp_path / "exported.csv"
    soql = "SELECT LastName, Company, Title FROM Lead WHERE LastName LIKE 'B%'"
    where = ["--output-file", exported, "--result-format", "csv", "--wait", "2"]
    assert "50 records written" in seen("data", "export", "bulk", "--query", soql, *where)
    with exported.open(newline="") as file:
        read = sorted((r["LastName"], r["Company"], r["Title"]) for r in csv.DictReader(file))
    assert read == sorted((name, company, "T") for name, company in rows)
    gone = table(tmp_path / "gone.csv", ["Id"], [[r["Id"]] for r in found])
    told = sf("data", "delete", "bulk", "--file", gone, *shape)
    assert (told["jobInfo"]["numberRecordsProcessed"], told["jobInfo"]["numberRecordsFailed"]) == (50, 0)
    assert org.rows("SELECT Id FROM Lead WHERE LastName LIKE 'B%'") == []


def test_bulk_upsert_tells_each_failure(org, programs, signed, tmp_path):
    rows = [["sf/1", "k"], ["sf/2", "x" * 300], ["", "k"]]
    issues = table(tmp_path / "issues.csv", ["External_Key__c", "Kind__c"], rows)
    shape = ["--sobject", "Sync_Issue__c", "--external-id", "External_Key__c", "--wait", "2", "--line-ending", "LF"]
    told = programs.sf("data", "upsert", "bulk", "--file", issues, *shape, code=1)
    job = told["data"]["jobId"]
    programs.sf("data", "bulk", "results", "--job-id", job)
    with (programs.home / f"{job}-failed-records.csv").open(newline="") as file:
        failed = {r["External_Key__c"]: r["sf__Error"].partition(":")[0] for r in csv.DictReader(file)}
    assert failed == {"sf/2": "STRING_TOO_LONG", "": "MISSING_ARGUMENT"}
    assert org.rows("SELECT Kind__c FROM Sync_Issue__c WHERE External_Key__c LIKE 'sf/%'") == [{"Kind__c": "k"}]


def test_bulk_1_of_the_old_command(org, sf, tmp_path):
    issues = table(tmp_path / "issues.csv", ["External_Key__c", "Kind__c"], [["old/1", "k"], ["old/2", "k"]])
    shape = ["--sobject", "Sync_Issue__c", "--external-id", "External_Key__c", "--wait", "1"]
    sf("force", "data", "bulk", "upsert", "--file", issues, *shape)
    assert len(org.rows("SELECT Id FROM Sync_Issue__c WHERE External_Key__c LIKE 'old/%'")) == 2


# --- trees


def test_a_tree_that_was_exported_is_imported(org, sf, tmp_path):
    account = org.human("Account", {"Name": "Tree"})[0]
    org.human("Contact", *[{"LastName": f"Leaf{n}", "AccountId": account} for n in range(3)])
    soql = "SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE Name = 'Tree'"
    sf("data", "export", "tree", "--query", soql, "--plan", "--output-dir", tmp_path)
    [plan] = tmp_path.glob("*plan.json")
    made = sf("data", "import", "tree", "--plan", plan)
    assert sorted(r["type"] for r in made) == ["Account", "Contact", "Contact", "Contact"]
    assert [
        r["n"]
        for r in org.rows("SELECT AccountId, COUNT(Id) n FROM Contact WHERE LastName LIKE 'Leaf%' GROUP BY AccountId")
    ] == [3, 3]


def test_a_refused_tree_imports_nothing(org, programs, signed, tmp_path):
    records = [
        {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Refused"},
        {"attributes": {"type": "Account", "referenceId": "b"}},
    ]
    (tmp_path / "tree.json").write_text(json.dumps({"records": records}))
    told = programs.sf("data", "import", "tree", "--files", tmp_path / "tree.json", code=1)
    assert "Required fields are missing: [Name]" in json.dumps(told)
    assert org.rows("SELECT Id FROM Account WHERE Name = 'Refused'") == []


# --- what the org says about itself


def test_objects(sf):
    assert "Reference_Profile__c" in sf("sobject", "list", "--sobject", "custom")
    told = sf("sobject", "describe", "--sobject", "Reference_Profile__c")
    assert {f["name"]: f["referenceTo"] for f in told["fields"]}["Contact__c"] == ["Contact"]


def test_limits_and_counts(org, sf):
    limits = {limit["name"]: limit for limit in sf("org", "list", "limits")}
    assert limits["DailyApiRequests"]["max"] == 100_000
    assert limits["DailyApiRequests"]["remaining"] < 100_000
    org.human("Campaign", {"Name": "Counted"}, {"Name": "Counted too"})
    assert sf("org", "list", "sobject", "record-counts", "--sobject", "Campaign") == [{"name": "Campaign", "count": 2}]


def test_users_and_a_raw_call(org, seen, programs):
    assert org.running.username in seen("org", "list", "users")
    told = seen("api", "request", "rest", "/services/data/v68.0/limits/recordCount?sObjects=Organization")
    assert json.loads(told)["sObjects"] == [{"count": 1, "name": "Organization"}]
