"""A corpus of SOQL statements, judged by the local org over HTTP and by @jetstreamapp/soql-parser-js as a second opinion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.local_place import VERSION

CORPUS = Path(__file__).parent / "soql_corpus.txt"
EXPECTED = {
    "both take": (200, True),
    "neither takes": (400, False),
    "ours refuses, theirs takes": (400, True),
    "ours takes, theirs refuses": (200, False),
    "ours knows it and says it does not do it, theirs takes": (501, True),
}


def sections() -> Iterator[tuple[str, str, str]]:
    """Read the corpus: (section, reason, statement)."""
    section = reason = ""
    for line in CORPUS.read_text().splitlines():
        if line.startswith("== "):
            section, reason = line.removeprefix("== "), ""
        elif line.startswith("#"):
            reason = line
        elif line:
            yield section, reason, line


STATEMENTS = list(sections())


@pytest.fixture(scope="module")
def theirs(programs):
    return programs.step("soql_steps", "valid", statements=[statement for _, _, statement in STATEMENTS])


def ours(org, statements):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {org.token()}"
        for statement in statements:
            url = f"{org.running.base_url}/services/data/v{VERSION}/query"
            yield session.get(url, params={"q": statement}, timeout=10)


def test_the_corpus_is_what_it_says():
    sizes = [sum(name == section for name, _, _ in STATEMENTS) for section in EXPECTED]
    assert sizes[0] >= 150
    assert sizes[1] >= 60
    assert {name for name, _, _ in STATEMENTS} == set(EXPECTED)
    assert len({statement for _, _, statement in STATEMENTS}) == len(STATEMENTS)
    disagreements = ("ours refuses, theirs takes", "ours takes, theirs refuses")
    assert [s for section, reason, s in STATEMENTS if section in disagreements and not reason] == []


def test_both_judge_as_the_corpus_says(org, theirs):
    answers = list(ours(org, [statement for _, _, statement in STATEMENTS]))
    judged = [(a.status_code, t) for a, t in zip(answers, theirs, strict=True)]
    wrong = {
        statement: (got, answer.text[:300])
        for (section, _, statement), got, answer in zip(STATEMENTS, judged, answers, strict=True)
        if got != EXPECTED[section]
    }
    assert wrong == {}


def test_a_refusal_of_what_neither_takes_says_malformed(org):
    statements = [statement for section, _, statement in STATEMENTS if section == "neither takes"]
    codes = {s: a.json()[0]["errorCode"] for s, a in zip(statements, ours(org, statements), strict=True)}
    assert {s: code for s, code in codes.items() if code != "MALFORMED_QUERY"} == {}
