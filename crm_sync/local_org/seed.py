"""Fills an org with the sample records: a folder of tree-import plans -> records in the org, over HTTP.

    anchor.json, users-plan.json, plan.json, records/*.json  ->  POST composite/tree  ->  Counts

Called by the command line and by tests, for the local org or a scratch org. Every ISO date in the files is moved by the
days between the anchor and today, so that "yesterday" stays yesterday. Not here: what the records are (deploy/salesforce/data).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import requests

PLANS = ("users-plan.json", "plan.json")
RECORDS_IN_A_CALL = 200
TIMEOUT_S = 120
_ISO_DATE = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
_REFERENCE = re.compile(r'"@([A-Za-z]\w*)"')

Progress = Callable[[str, int, int], None]


class SeedError(Exception):
    """The sample records could not be loaded; the message says which record and why."""


@dataclass(frozen=True)
class Counts:
    """What was loaded: records by object, and the id behind each reference id."""

    records: Mapping[str, int]
    ids: Mapping[str, str]

    @property
    def total(self) -> int:
        """How many records were loaded."""
        return sum(self.records.values())


@dataclass(frozen=True)
class SampleFile:
    """One file of a plan, its dates already moved: JSON text in which references are still `"@name"`."""

    object_name: str
    name: str
    text: str

    @property
    def references(self) -> frozenset[str]:
        """The reference ids this file points at."""
        return frozenset(_REFERENCE.findall(self.text))

    @property
    def size(self) -> int:
        """How many records the file holds."""
        return self.text.count('"referenceId":')


@dataclass
class _Api:
    """The org's REST API as one user."""

    base_url: str
    session: requests.Session
    version: str = ""

    def get(self, path: str, **query: str) -> Any:
        return self._answer(self.session.get(f"{self.base_url}{path}", params=query, timeout=TIMEOUT_S))

    def send(self, method: str, resource: str, body: str) -> Any:
        url = f"{self.base_url}/services/data/v{self.version}/{resource}"
        headers = {"Content-Type": "application/json"}
        return self._answer(self.session.request(method, url, data=body.encode(), headers=headers, timeout=TIMEOUT_S))

    def _answer(self, response: requests.Response) -> Any:
        if response.ok or response.headers.get("Content-Type", "").startswith("application/json"):
            return response.json()
        raise SeedError(f"{response.url} answered {response.status_code}: {response.text[:300]}")


def seed(base_url: str, token: str, data_dir: Path, today: date, on_progress: Progress | None = None) -> Counts:
    """Load all sample records as if they had been recorded until `today`.

    `token` is an administrator's. The org has to be empty of the records: none is looked for or updated. `on_progress`
    is told the object, how many records are loaded, and how many there are. Raises SeedError.
    """
    settings = json.loads((data_dir / "anchor.json").read_text(encoding="utf-8"))
    files = list(read_files(data_dir, today, settings))
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        api = _Api(base_url.rstrip("/"), session)
        api.version = api.get("/services/data")[-1]["version"]
        ids = {name: _look_up(api, query) for name, query in settings["lookups"].items()}
        ids |= _load(api, files, ids, on_progress or (lambda *_: None))
        _finish(api, files, settings["afterwards"], ids)
    records = Counter[str]()
    for file in files:
        records[file.object_name] += file.size
    return Counts(dict(records), ids)


def read_files(data_dir: Path, today: date, settings: Mapping[str, Any]) -> Iterator[SampleFile]:
    """Read the files of both plans in loading order, dates moved to today.

    Objects under `calendar_dates` keep theirs: a holiday is on the same day every year.
    """
    days = (today - date.fromisoformat(settings["anchor"])).days
    for plan in PLANS:
        for entry in json.loads((data_dir / plan).read_text(encoding="utf-8")):
            moved = 0 if entry["sobject"] in settings["calendar_dates"] else days
            for name in entry["files"]:
                text = (data_dir / name).read_text(encoding="utf-8")
                yield SampleFile(entry["sobject"], name, move_dates(text, moved))


def move_dates(text: str, days: int) -> str:
    """Move every ISO date in a text by so many days; what is no day of the calendar stays as it is."""
    return _ISO_DATE.sub(lambda found: _moved(found[0], days), text) if days else text


@lru_cache(maxsize=8192)
def _moved(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


def resolved(text: str, ids: Mapping[str, str]) -> str:
    """Write the record ids in place of the references."""
    return _REFERENCE.sub(lambda found: f'"{ids[found[1]]}"', text)


def _look_up(api: _Api, query: str) -> str:
    answer = api.get(f"/services/data/v{api.version}/query", q=query)
    if isinstance(answer, list) or not answer["records"]:
        raise SeedError(f"The org answered nothing to {query!r}, which the sample users need: {answer}")
    return str(answer["records"][0]["Id"])


def _load(api: _Api, files: list[SampleFile], known: Mapping[str, str], on_progress: Progress) -> dict[str, str]:
    """Create the files' records one file after the other: four at once were no faster, and ids would differ from run to run."""
    ids, total, done = dict(known), sum(file.size for file in files), 0
    for file in files:
        created = _create(api, file, ids)
        ids |= created
        done += len(created)
        on_progress(file.object_name, done, total)
    return ids


def _create(api: _Api, file: SampleFile, ids: Mapping[str, str]) -> dict[str, str]:
    if missing := sorted(file.references - ids.keys()):
        raise SeedError(
            f"{file.name} refers to {', '.join(missing[:3])}, which is not loaded before it. Regenerate the sample data."
        )
    answer = api.send("POST", f"composite/tree/{file.object_name}", resolved(file.text, ids))
    if isinstance(answer, list) or answer["hasErrors"]:
        raise SeedError(f"{file.name} was refused, and nothing of it was loaded: {_first_error(answer)}")
    return {result["referenceId"]: result["id"] for result in answer["results"]}


def _first_error(answer: Any) -> str:
    if isinstance(answer, list):
        return f"{answer[0].get('errorCode')}: {answer[0].get('message')}"
    refused = answer["results"][0]
    error = refused["errors"][0]
    return f"record {refused['referenceId']}: {error['statusCode']}: {error['message']}"


def _finish(api: _Api, files: list[SampleFile], steps: Iterable[Mapping[str, Any]], ids: Mapping[str, str]) -> None:
    """Set what could not be known, or not be said, while records were created."""
    for step in steps:
        updates = list(_updates(files, step, ids))
        for start in range(0, len(updates), RECORDS_IN_A_CALL):
            body = json.dumps({"allOrNone": True, "records": updates[start : start + RECORDS_IN_A_CALL]})
            for result in api.send("PATCH", "composite/sobjects", body):
                if not result.get("success"):
                    raise SeedError(f"{step['sobject']} could not be finished ({step['set']}): {result}")


def _updates(files: list[SampleFile], step: Mapping[str, Any], ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Give the updates of one step: a value set on one record, or copied from another field on all of an object."""
    attributes = {"attributes": {"type": step["sobject"]}}
    if "record" in step:
        yield {**attributes, "id": ids[step["record"]], step["set"]: step["to"]}
        return
    for file in files:
        if file.object_name == step["sobject"]:
            for record in json.loads(resolved(file.text, ids))["records"]:
                yield {**attributes, "id": ids[record["attributes"]["referenceId"]], step["set"]: record[step["from"]]}
