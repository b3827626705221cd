"""SalesforceOrg: the worker's Org, put together from client, readers and writer. Built by bootstrap with `connect`.

Before its first write it makes sure that this is the pinned org; before that, it may read. Not here: any HTTP.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import requests

from crm_sync.errors import ConfigurationError, Mistake, PermanentError, TemporaryError, WrongOrgError
from crm_sync.model.calls import Spent
from crm_sync.ports import Jobs, ObjectFacts, OrgIdentity, Page, Reading, RowAnswer, RowWrite
from crm_sync.salesforce.answers import as_error
from crm_sync.salesforce.auth import Authenticator
from crm_sync.salesforce.bulk import BulkReader, NotByBulkError
from crm_sync.salesforce.bulk_csv import can_be_csv
from crm_sync.salesforce.bulk_jobs import Waiting
from crm_sync.salesforce.bulk_writes import BulkWriter
from crm_sync.salesforce.client import HEAVY_SUBREQUESTS_PER_COMPOSITE, SUBREQUESTS_PER_COMPOSITE, Client
from crm_sync.salesforce.facts import object_facts
from crm_sync.salesforce.ids import is_id, to_18
from crm_sync.salesforce.limits import CallBudget
from crm_sync.salesforce.rest import RestReader, TooBigError, text_table
from crm_sync.salesforce.retry import Patience
from crm_sync.salesforce.session import CrmSession, mounted
from crm_sync.salesforce.soql import identifier, select_in
from crm_sync.salesforce.writer import Writer
from crm_sync.settings import Connection

IDS_PER_RETRIEVE = 2000
FACTS_LIFE_S = 6 * 3600.0


class SalesforceOrg:
    """One org over HTTP, implementing ports.Org. Several threads may read; one writes."""

    def __init__(
        self,
        connection: Connection,
        client: Client,
        auth: Authenticator,
        budget: CallBudget,
        jobs: Jobs,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._client = client
        self._auth = auth
        self._budget = budget
        self._monotonic = monotonic
        self._rest = RestReader(client, connection.bulk_read_rows)
        self._bulk = BulkReader(client, Waiting(sleep, monotonic), jobs)
        self._writer = Writer(client)
        self._bulk_writer = BulkWriter(client, Waiting(sleep, monotonic), jobs)
        self._calls_before = 0
        self._rows_read: Counter[str] = Counter()
        self._identity: OrgIdentity | None = None
        self._facts: dict[str, tuple[float, ObjectFacts | None]] = {}

    @classmethod
    def connect(
        cls,
        connection: Connection,
        jobs: Jobs,
        *,
        api_share_percent: float,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> SalesforceOrg:
        """Build the org; nothing is sent before the first question.

        `jobs` is where Bulk jobs are noted; `api_share_percent` is of what the day has left.
        """
        auth = Authenticator(connection, mounted(requests.Session(), connection), now=now)
        budget = CallBudget(api_share_percent, now)
        session = CrmSession(connection, auth, budget)
        client = Client(connection, auth, session, Patience(sleep, jitter))
        return cls(connection, client, auth, budget, jobs, sleep=sleep)

    @property
    def calls(self) -> int:
        """API calls made so far by this process; logins are not counted, as the org does not count them."""
        return self._budget.calls

    @property
    def spent(self) -> Spent:
        """What the run that began last has used so far."""
        return Spent(self._budget.calls - self._calls_before, dict(self._rows_read))

    def begin(self) -> None:
        """Begin a run: count anew, and wait for the end of the jobs that an earlier run did not see end."""
        self._calls_before, self._rows_read = self._budget.calls, Counter()
        self._bulk_writer.settle()

    def identity(self) -> OrgIdentity:
        """Return which org this is. The token and the Organization record must agree, and with the pin if there is one.

        Raises WrongOrgError.
        """
        token = self._auth.token()
        if self._identity is None or self._identity.org_id != token.org_id:
            found = self._read_identity(token.org_id)
            self._unless_another(found)
            self._identity = found
        return self._identity

    def server_time(self) -> datetime:
        """Return the server's time: this machine's, corrected by the Date headers seen, in whole seconds."""
        self._auth.token()
        return self._auth.server_now().replace(microsecond=0)

    def describe(self, object_name: str) -> ObjectFacts | None:
        """Return an object's facts, or None when the user may not see it."""
        return self.describe_all((object_name,)).get(object_name)

    def describe_all(self, object_names: Sequence[str], *, afresh: bool = False) -> Mapping[str, ObjectFacts]:
        """Describe objects, 25 to a call, and remember what they say for some hours.

        Memory is safe: a field that was taken away since makes the query that asks for it fail, never pass.
        """
        oldest = self._monotonic() - FACTS_LIFE_S
        known = set() if afresh else {name for name, (when, _) in self._facts.items() if when > oldest}
        asked = [name for name in dict.fromkeys(object_names) if name not in known]
        paths = [f"{self._client.root}/sobjects/{identifier(name)}/describe" for name in asked]
        answers = self._client.read_all(paths, "Describing objects", per_call=SUBREQUESTS_PER_COMPOSITE)
        for name, answer in zip(asked, answers, strict=True):
            if answer.fault is not None and answer.fault.code != "NOT_FOUND":
                raise as_error(answer.fault, f"Describing {name}")
            facts = object_facts(answer.body) if answer.fault is None else None
            self._facts[name] = (self._monotonic(), facts)
        found = {name: self._facts[name][1] for name in object_names}
        return {name: facts for name, facts in found.items() if facts is not None}

    def count(self, object_name: str) -> int:
        """Count the records of an object that this user may see, deleted ones left out."""
        path = self._client.query_path(f"SELECT COUNT() FROM {identifier(object_name)}", include_deleted=False)
        return int(self._client.read(path, f"Counting {object_name}")["totalSize"])

    def read(self, readings: Sequence[Reading]) -> Iterator[Page]:
        """Yield pages of all readings; what is big goes through Bulk 2.0, the rest travels packed over REST."""
        for page in self._pages(readings):
            self._rows_read[readings[page.reading].object_name] += page.rows.num_rows
            yield page

    def _pages(self, readings: Sequence[Reading]) -> Iterator[Page]:
        big = self._known_to_be_big(readings)
        left = dict(enumerate(readings))
        for late in (False, True):
            small = {position: reading for position, reading in left.items() if position not in big}
            hold = not late and any(not reading.late for position, reading in left.items() if position in big)
            for page in self._rest.pages(small, hold_late=hold):
                if isinstance(page, TooBigError):
                    big[page.position] = page.rows
                    continue
                if page.last:
                    del left[page.reading]
                yield page
            for position in sorted(position for position in big if readings[position].late == late):
                yield from self._read_big(position, left.pop(position), big[position])

    def _read_big(self, position: int, reading: Reading, expected_rows: int) -> Iterator[Page]:
        """Read by Bulk; what the org does not give by Bulk, or no more today, by REST whatever its size."""
        try:
            yield from self._bulk.pages(position, reading, expected_rows)
        except NotByBulkError:
            for page in self._rest.pages({position: reading}, any_size=True):
                if isinstance(page, Page):
                    yield page

    def read_ids(self, object_name: str) -> Iterator[Sequence[str]]:
        """Yield the ids of all live records of an object."""
        reading = Reading(object_name, (), None, self.server_time(), stamped=False, deletable=False)
        for page in self.read((reading,)):
            yield page.rows.column("Id").to_pylist()

    def read_rows(self, object_name: str, fields: Sequence[str], ids: Sequence[str]) -> pa.Table:
        """Read records by id, 2000 to a call; what is gone, or not of this object, is absent."""
        columns = tuple(dict.fromkeys(("Id", *fields)))
        path = f"{self._client.root}/composite/sobjects/{identifier(object_name)}"
        wanted = [to_18(record_id) for record_id in ids]
        found: list[Mapping[str, Any]] = []
        for start in range(0, len(wanted), IDS_PER_RETRIEVE):
            body = {"ids": wanted[start : start + IDS_PER_RETRIEVE], "fields": [identifier(name) for name in columns]}
            answer = self._client.ask("POST", path, body, f"Reading {object_name} by id")
            found += [row for row in answer or () if row]
        return text_table(found, columns)

    def find(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> pa.Table:
        """Read live records by external key, five queries to a call."""
        columns = tuple(dict.fromkeys(("Id", key_field, *fields)))
        doing = f"Reading {object_name} by {key_field}"
        queries = select_in(object_name, columns, key_field, keys)
        paths = [self._client.query_path(query, include_deleted=False) for query in queries]
        found: list[Mapping[str, Any]] = []
        for answer in self._client.read_all(paths, doing, per_call=HEAVY_SUBREQUESTS_PER_COMPOSITE):
            if answer.fault is not None:
                raise as_error(answer.fault, doing)
            if not answer.body["done"]:
                raise TemporaryError(f"{doing}: the answer came in more than one page. Run again with fewer keys.")
            found += answer.body["records"]
        return text_table(found, columns)

    def upsert(self, rows: Sequence[RowWrite], *, opening: RowWrite | None = None) -> Sequence[RowAnswer]:
        """Write rows to the pinned org; raises WrongOrgError or ConfigurationError before anything is sent elsewhere."""
        self._check_pin()
        return self._writer.upsert(rows) if opening is None else self._writer.upsert_unit(opening, rows)

    def upsert_many(self, rows: Sequence[RowWrite], while_waiting: Callable[[], None]) -> Sequence[RowAnswer]:
        """Write many rows of one object and key field as Bulk jobs; the few that no CSV can carry go by REST."""
        self._check_pin()
        positions = [position for position, row in enumerate(rows) if can_be_csv(row)]
        others = sorted(set(range(len(rows))) - set(positions))
        by_bulk = self._bulk_writer.upsert([rows[i] for i in positions], while_waiting)
        answers = dict(zip(positions, by_bulk, strict=True))
        answers |= dict(zip(others, self._writer.upsert([rows[i] for i in others]), strict=True))
        return [answers[position] for position in range(len(rows))]

    @property
    def bulk_write_rows(self) -> int:
        """The number of rows from which a Bulk job costs fewer calls than collections."""
        return self._connection.bulk_write_rows

    def _check_pin(self) -> None:
        """Make sure that a pin was held against the org; raises WrongOrgError or ConfigurationError."""
        found = self.identity()
        if self._connection.org_id is None:
            mistake = Mistake(
                "CRM_SYNC_ORG_ID", "nothing", f"the id of the org to write to; this one is {found.org_id}"
            )
            raise ConfigurationError((mistake,))

    def _unless_another(self, found: OrgIdentity) -> None:
        pinned = self._connection.org_id
        if pinned is None:
            return
        if not is_id(pinned) or to_18(pinned) != found.org_id or found.is_sandbox != self._connection.expect_sandbox:
            expected = "a sandbox" if self._connection.expect_sandbox else "a production org"
            met = "a sandbox" if found.is_sandbox else "a production org"
            raise WrongOrgError(
                f"This is {found.name} ({found.org_id}, {met}); the settings pin {pinned}, {expected}. Nothing was read "
                "or written. Set CRM_SYNC_INSTANCE_URL, CRM_SYNC_ORG_ID and CRM_SYNC_EXPECT_SANDBOX to the same org."
            )

    def _read_identity(self, org_id: str) -> OrgIdentity:
        path = self._client.query_path("SELECT Id, Name, IsSandbox FROM Organization", include_deleted=False)
        rows = self._client.read(path, "Reading the organization")["records"]
        if len(rows) != 1 or to_18(str(rows[0]["Id"])) != org_id or not isinstance(rows[0]["IsSandbox"], bool):
            raise PermanentError(
                f"The token names the org {org_id} and its Organization record does not. Check what stands between."
            )
        return OrgIdentity(org_id, str(rows[0]["Name"]), rows[0]["IsSandbox"])

    def _known_to_be_big(self, readings: Sequence[Reading]) -> dict[int, int]:
        """Ask for the sizes of objects that are read whole, in one call; the figures are rough, and enough for this."""
        whole = {reading.object_name for reading in readings if reading.since is None and reading.stamped}
        if not whole:
            return {}
        path = f"{self._client.root}/limits/recordCount?sObjects={','.join(map(identifier, sorted(whole)))}"
        answer = self._client.read(path, "Asking for sizes")
        counts = {str(item["name"]).lower(): int(item["count"]) for item in answer.get("sObjects", ())}
        sizes = {
            position: counts.get(reading.object_name.lower(), 0)
            for position, reading in enumerate(readings)
            if reading.object_name in whole
        }
        return {position: rows for position, rows in sizes.items() if rows > self._connection.bulk_read_rows}
