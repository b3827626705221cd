"""The sample org within this process, and everybody's hands on it: people over REST as themselves, workers through their port.

The org is the one that `crm-sync demo` starts, reached without a socket (`local_org.in_process`), its clock set by the
driver. Not here: what anybody does (`humans`), when (`calendar_year`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import requests
from pydantic import SecretStr

from crm_sync.audit import Books
from crm_sync.erasure import Stores
from crm_sync.local_org import api
from crm_sync.local_org.clock import Clock
from crm_sync.local_org.ids import ORGANIZATION_ID
from crm_sync.local_org.in_process import InProcess
from crm_sync.local_org.org import ConnectedApp, Org
from crm_sync.local_org.seed import read_files, seed
from crm_sync.local_org.server import running
from crm_sync.pipeline import World
from crm_sync.program import Program
from crm_sync.program.texts import texts_of
from crm_sync.salesforce.org import SalesforceOrg
from crm_sync.settings import Connection, SecretGrant
from crm_sync.state.archive import FileArchive
from crm_sync.state.folder import private_folder
from crm_sync.state.journal import SqliteJournal
from crm_sync.state.mirror import DuckMirror
from crm_sync.state.papers import Papers

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "deploy" / "salesforce"
SAMPLE = PACKAGE / "data"
BASE = "http://127.0.0.1:9"
REST = "/services/data/v68.0"
ADMIN = "admin@crm-sync.example"
ROWS_IN_A_CALL = 200
APP = ConnectedApp(permission_sets=("Reference_Integration", "Reference_Integration_Individual"))
"""The worker's user has no rights but those of its own permission sets."""

Row = dict[str, Any]


@dataclass
class Colleague:
    """Somebody with a browser open on the org: every call is made, allowed and stamped as theirs."""

    place: Place
    username: str
    _session: requests.Session = field(default_factory=requests.Session)
    _signed_in_at: datetime | None = None

    def __post_init__(self) -> None:
        self._session.mount(BASE, InProcess(self.place.org))

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Call the REST API; a refusal is an error of the test."""
        self._sign_in()
        answer = self._session.request(method, f"{BASE}{REST}{path}", json=body, params=query)
        assert answer.ok, f"{self.username} {method} {path} {body}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def rows(self, soql: str) -> list[Row]:
        """Query, all pages."""
        answer = self.call("GET", "/query", q=soql)
        found = answer["records"]
        while not answer["done"]:
            answer = self.call("GET", answer["nextRecordsUrl"].removeprefix(REST))
            found += answer["records"]
        return [{name: value for name, value in row.items() if name != "attributes"} for row in found]

    def create(self, object_name: str, **fields: Any) -> str:
        """Create one record and give its id."""
        return str(self.call("POST", f"/sobjects/{object_name}", fields)["id"])

    def change(self, object_name: str, record_id: str, **fields: Any) -> None:
        """Change one record."""
        self.call("PATCH", f"/sobjects/{object_name}/{record_id}", fields)

    def delete(self, object_name: str, record_id: str) -> None:
        """Put one record into the recycle bin."""
        self.call("DELETE", f"/sobjects/{object_name}/{record_id}")

    def change_many(self, object_name: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change many records as a feed does."""
        rows = [{"attributes": {"type": object_name}, "id": key, **fields} for key, fields in changes.items()]
        for start in range(0, len(rows), ROWS_IN_A_CALL):
            body = {"allOrNone": True, "records": rows[start : start + ROWS_IN_A_CALL]}
            for answer in self.call("PATCH", "/composite/sobjects", body):
                assert answer["success"], answer

    def _sign_in(self) -> None:
        now = self.place.now
        if self._signed_in_at is None or now - self._signed_in_at > timedelta(hours=1):
            token = self.place.control("POST", "sessions", {"username": self.username})["access_token"]
            self._session.headers["Authorization"] = f"Bearer {token}"
            self._signed_in_at = now


class Place:
    """An org with sample records, its clock, its people, and its commit journal."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self._hand = requests.Session()
        self._hand.mount(BASE, InProcess(self.org))
        self._colleagues: dict[str, Colleague] = {}

    @property
    def now(self) -> datetime:
        """The org's time."""
        return self.org.clock.now()

    def set_clock(self, day: date, hour: float = 6.0) -> None:
        """Let it be this hour (UTC) of this day."""
        self.org.clock.freeze(datetime.combine(day, time(), UTC) + timedelta(hours=hour))

    def advance(self, **lapse: float) -> None:
        """Let time pass."""
        self.org.clock.advance(timedelta(**lapse).total_seconds())

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Use the tester's hand in the org."""
        answer = self._hand.request(method, f"{BASE}/_control/{path}", json=body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def colleague(self, username: str) -> Colleague:
        """Somebody of the sample org, by user name."""
        if username not in self._colleagues:
            self._colleagues[username] = Colleague(self, username)
        return self._colleagues[username]

    @property
    def admin(self) -> Colleague:
        """The administrator."""
        return self.colleague(ADMIN)

    def journal(self, since: int = 0) -> Iterator[Mapping[str, Any]]:
        """The org's commit journal after a sequence number."""
        while True:
            answer = self.control("GET", f"journal?since={since}")
            yield from answer["entries"]
            if answer["last"] is None:
                return
            since = answer["last"]


class Worker:
    """One crm-sync with a state folder of its own. It waits for nothing and tells the org's time."""

    def __init__(self, place: Place, folder: Path, program: Program) -> None:
        connection = Connection(
            instance_url=BASE,
            client_id=place.org.app.client_id,
            grant=SecretGrant(SecretStr(place.org.app.client_secret)),
            org_id=ORGANIZATION_ID,
            expect_sandbox=True,
            api_version=REST.rpartition("v")[2],
            connect_timeout_s=5,
            read_timeout_s=10,
            bulk_read_rows=20_000,
            bulk_write_rows=10_000,
            allowed_host_suffixes=(".salesforce.com",),
        )
        private_folder(folder)
        self._journal = SqliteJournal.open(folder / "journal.sqlite")
        self.org = SalesforceOrg.connect(
            connection,
            self._journal.jobs,
            api_share_percent=100,
            sleep=lambda _: None,
            now=lambda: place.now,
            jitter=lambda: 0.0,
        )
        for session in (self.org._client._session, self.org._auth._http):
            session.mount(BASE.replace("http:", "https:"), InProcess(place.org))
            session.mount(BASE, InProcess(place.org))
        self._mirror = DuckMirror.in_memory(b"salt of the year".ljust(32))
        archive = FileArchive.open(folder / "archive")
        papers = Papers(folder / "simulations", self._journal.suppression)
        stores = Stores(self._journal, self._mirror, archive, papers)
        books = Books(self._journal.decisions, archive, texts_of(ROOT / "rules", ROOT / "mappings"))
        self.world = World(self.org, self._mirror, self._journal, program, books, stores)

    def close(self) -> None:
        """Let go of the files."""
        self._mirror.close()
        self._journal.close()


def load_sample(database: Path, today: date, data: Path = SAMPLE) -> None:
    """Make the database of an org with the sample records, as if they had been recorded until `today`."""
    with running(database, PACKAGE, app=APP) as reached:
        place = Place(reached.org)
        place.set_clock(today, 4)
        assign_permissions(place, {"Reference_Data_Import": [ADMIN]})
        seed(reached.base_url, place.control("POST", "sessions", {"username": ADMIN})["access_token"], data, today)


def cut_sample(folder: Path, accounts: int) -> Path:
    """Write a smaller sample: the hard cases, the first accounts with a reference, and what hangs on them alone."""
    settings = json.loads((SAMPLE / "anchor.json").read_text())
    files = list(read_files(SAMPLE, date.fromisoformat(settings["anchor"]), settings))
    wanted = _accounts(files, accounts)
    kept = set(settings["lookups"])
    (folder / "records").mkdir(parents=True)
    plan: dict[str, list[str]] = {}
    for number, file in enumerate(files):
        records = [
            record
            for record in json.loads(file.text)["records"]
            if _refers_to(record) <= kept
            and (file.object_name != "Account" or record["attributes"]["referenceId"] in wanted)
        ]
        if records:
            kept |= {record["attributes"]["referenceId"] for record in records}
            name = f"records/{number:03}-{file.object_name}.json"
            (folder / name).write_text(json.dumps({"records": records}, ensure_ascii=False), encoding="utf-8")
            plan.setdefault(file.object_name, []).append(name)
    entries = [{"sobject": name, "files": names} for name, names in plan.items()]
    (folder / "users-plan.json").write_text("[]")
    (folder / "plan.json").write_text(json.dumps(entries))
    (folder / "anchor.json").write_text(json.dumps(settings))
    return folder


def _accounts(files: Sequence[Any], number: int) -> set[str]:
    """The accounts of the hard cases, of so many references, and of the prospects of the first requests."""
    records: dict[str, list[Row]] = {}
    for file in files:
        records.setdefault(file.object_name, []).extend(json.loads(file.text)["records"])
    account_of = {r["attributes"]["referenceId"]: r.get("AccountId", "@")[1:] for r in records["Contact"]}
    referenced = dict.fromkeys(account_of[r["Contact__c"][1:]] for r in records["Reference_Profile__c"])
    prospects = dict.fromkeys(
        r["Prospect_Account__c"][1:] for r in records["Reference_Request__c"] if r.get("Prospect_Account__c")
    )
    cases = {r["attributes"]["referenceId"] for r in records["Account"] if "case_" in r["attributes"]["referenceId"]}
    wanted = cases | set(list(referenced)[:number]) | set(list(prospects)[:number])
    parents = {r["attributes"]["referenceId"]: r.get("ParentId", "@")[1:] for r in records["Account"]}
    while above := {parents[name] for name in wanted} - wanted - {""}:
        wanted |= above
    return wanted


def _refers_to(record: Mapping[str, Any]) -> set[str]:
    return {value[1:] for value in record.values() if isinstance(value, str) and value.startswith("@")}


@contextmanager
def open_place(database: Path, folder: Path) -> Iterator[Place]:
    """Open a copy of a database as a place."""
    shutil.copy(database, folder / "org.sqlite")
    org = Org(folder / "org.sqlite", PACKAGE, APP, api.build(), Clock())
    try:
        yield Place(org)
    finally:
        org.close()


def assign_permissions(place: Place, sets: Mapping[str, Iterable[str]]) -> None:
    """Give users their permission sets: set name -> user names."""
    ids = {row["Name"]: row["Id"] for row in place.admin.rows("SELECT Id, Name FROM PermissionSet")}
    users = {row["Username"]: row["Id"] for row in place.admin.rows("SELECT Id, Username FROM User")}
    for name, usernames in sets.items():
        for username in usernames:
            place.admin.create("PermissionSetAssignment", PermissionSetId=ids[name], AssigneeId=users[username])
