"""CumulusCI moves data sets out of and into the local org, deploys and retrieves: JWT, collections, Bulk 1.0 in XML, SOAP metadata."""

from __future__ import annotations

import csv
import json
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT = """
minimum_cumulusci_version: '4.0.0'
project:
    name: tried
    package: {name: tried, api_version: '63.0'}
    git: {default_branch: main}
"""
MAPPING = """
Accounts:
    sf_object: Account
    table: Account
    fields: [Name, Phone, NumberOfEmployees]
Contacts:
    sf_object: Contact
    table: Contact
    fields: [LastName, Email]
    lookups:
        AccountId: {table: Account, key_field: AccountId}
"""
FIELD = """<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata"><fields><fullName>Moved__c</fullName><label>Moved</label>
<type>Text</type><length>9</length></fields></CustomObject>
"""
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
<types><members>Account.Moved__c</members><name>CustomField</name></types>
<version>63.0</version>
</Package>
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of its own; its last look for a newer version was just now, as none is to be had here."""
    folder = tmp_path_factory.mktemp("cumulusci")
    (folder / "cumulusci.yml").write_text(PROJECT)
    (folder / "mapping.yml").write_text(MAPPING)
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", folder], check=True)
    (folder / "home" / ".cumulusci").mkdir(parents=True)
    (folder / "home" / ".cumulusci" / "cumulus_timestamp").write_text(str(time.time()))
    return folder


@pytest.fixture(scope="module")
def cci(programs, org, project):
    """Run a task against the org, signed in by JWT, as a build does."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, shape = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    org.control("POST", "certificate", {"certificate": key.public_key().public_bytes(pem, shape).decode()})
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    base = org.running.base_url.replace("http://", "https://")
    known = {
        "instance_url": base,
        "id": f"{base}/id/{org.running.org_id}/{org.rows('SELECT Id FROM User')[0]['Id']}",
        "username": org.running.username,
    }
    app = {"callback_url": "x", "client_id": "x", "client_secret": "x", "login_url": base}
    surroundings = {
        "HOME": str(project / "home"),
        "CUMULUSCI_KEYCHAIN_CLASS": "cumulusci.core.keychain.EnvironmentProjectKeychain",
        "CUMULUSCI_ORG_it": json.dumps(known),
        "CUMULUSCI_SERVICE_connected_app": json.dumps(app),
        "SFDX_CLIENT_ID": org.running.client_id,
        "SFDX_HUB_KEY": private,
        "SF_PROD_LOGIN_URL": base,
        "SF_SANDBOX_LOGIN_URL": base,
    }

    def run(task, *arguments):
        return programs.python(
            org, "cumulusci", "cci", "task", "run", task, "--org", "it", *arguments, cwd=project, **surroundings
        )

    return run


def test_a_data_set_is_taken_out_and_loaded_again(org, cci, project):
    account = org.human("Account", {"Name": 'Moved, "Ltd"', "NumberOfEmployees": 7})[0]
    org.human("Contact", *[{"LastName": f"V{n:04}", "AccountId": account, "Email": "v@x.example"} for n in range(2100)])
    cci("extract_dataset", "--mapping", "mapping.yml", "--sql_path", "data.sql")
    assert (project / "data.sql").read_text().count('INSERT INTO "Contact"') == 2100
    cci("load_dataset", "--mapping", "mapping.yml", "--sql_path", "data.sql")
    accounts = org.rows("SELECT Id, NumberOfEmployees FROM Account WHERE Name LIKE 'Moved%'")
    assert [a["NumberOfEmployees"] for a in accounts] == [7, 7]
    grouped = org.rows("SELECT AccountId, COUNT(Id) n FROM Contact WHERE LastName LIKE 'V%' GROUP BY AccountId")
    assert {r["AccountId"]: r["n"] for r in grouped} == {a["Id"]: 2100 for a in accounts}


def test_a_query_and_a_deletion_by_bulk(org, cci, project):
    org.human("Lead", *[{"LastName": f"D{n}", "Company": "c"} for n in range(5)])
    soql = "SELECT Id, LastName FROM Lead WHERE LastName LIKE 'D%'"
    cci("query", "--object", "Lead", "--query", soql, "--result_file", "leads.csv")
    with (project / "leads.csv").open(newline="") as file:
        assert sorted(r["LastName"] for r in csv.DictReader(file)) == [f"D{n}" for n in range(5)]
    cci("delete_data", "--objects", "Lead", "--where", "LastName LIKE 'D%'", "--api", "bulk")
    assert org.rows("SELECT Id FROM Lead WHERE LastName LIKE 'D%'") == []


def test_metadata_and_permission_sets(org, cci, project):
    (project / "md" / "objects").mkdir(parents=True)
    (project / "md" / "package.xml").write_text(MANIFEST)
    (project / "md" / "objects" / "Account.object").write_text(FIELD)
    cci("deploy", "--path", "md")
    org.human("Account", {"Name": "Has it", "Moved__c": "yes"})
    cci("retrieve_unpackaged", "--path", "out", "--package_xml", "md/package.xml")
    assert "<fullName>Moved__c</fullName>" in (project / "out" / "objects" / "Account.object").read_text()
    assert "already assigned" in cci("assign_permission_sets", "--api_names", "Reference_Viewer")
