"""What is wrong with a text is told with its file and line, and a text that could do anything but stand there is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crm_sync.errors import ConfigurationError, Mistake
from crm_sync.program.load import load_draft, program_of
from crm_sync.program.reader import read
from crm_sync.program.sources import Source

ROOT = Path(__file__).parents[3]
OUTREACH, BRIEFING = "rules/templates/outreach_talk.1", "rules/templates/briefing_talk.1"
TEXT = (ROOT / f"{OUTREACH}.yaml").read_text(encoding="utf-8")
BODY = TEXT[: TEXT.index("  Dear ")].count("\n") + 1
"""The line on which the body begins."""

ToldOf = Callable[..., list[str]]


@pytest.fixture(scope="session")
def told_of(shipped: Mapping[str, Source]) -> ToldOf:
    """Tell the mistakes after a change in one file: told_of(old, new, name=...)."""

    def tell(old: str, new: str, name: str = OUTREACH, beside: Mapping[str, str] | None = None) -> list[str]:
        text = (ROOT / f"{name}.yaml").read_text(encoding="utf-8")
        assert old in text
        files = {name: text.replace(old, new, 1), **(beside or {})}
        found: list[Mistake] = []
        sources = dict(shipped)
        for one, content in files.items():
            try:
                sources[one] = Source(f"{one}.yaml", read(content.encode(), f"{one}.yaml"))
            except ConfigurationError as error:
                found += error.mistakes
                del sources[one]
        try:
            program_of(sources, found)
        except ConfigurationError as error:
            return [str(mistake) for mistake in error.mistakes]
        return []

    return tell


@pytest.mark.parametrize(
    ("old", "new", "line", "found"),
    [
        (
            "{{contact_first_name}}",
            "{{contact_firstname}}",
            0,
            "the merge field 'contact_firstname', which is not known",
        ),
        ("{{contact_first_name}}", "{{prospect}}", 0, "the merge field 'prospect', which is not known"),
        ("{{contact_first_name}}", "{{used_on}}", 0, "the merge field 'used_on', which is not known"),
        ("{{contact_first_name}}", "{{7*7}}", 0, "the merge field '7*7', which is not known"),
        ("{{contact_first_name}}", "{{contact.__class__}}", 0, "the merge field 'contact.__class__'"),
        ("{{contact_first_name}}", "{{ contact_name | upper }}", 0, "the merge field 'contact_name | upper'"),
        ("{{contact_first_name}}", "{{contact_first_name}", 0, "{{ in the body, which is no merge field"),
        ("{{contact_first_name}}", "{% for x in y %}", 0, "{ in the body, which is no merge field"),
        ("{{contact_first_name}}", "${7*7}", 0, "{ in the body, which is no merge field"),
        ("{{contact_first_name}}", "{!Contact.Email}", 0, "{ in the body, which is no merge field"),
        ("{{contact_first_name}}", "{{{Recipient.Email}}}", 0, "{ in the body, which is no merge field"),
        ("{{contact_first_name}}", "{{}}", 0, "the merge field '', which is not known"),
        ("Kind regards", "Kind\u202eregards", 17, "something invisible in the body"),
        ("{{time_commitment}}", "45 minutes", -1, "a text of kind outreach that does not say {{time_commitment}}"),
        ("{{how_often}}", "at most twice", -1, "a text of kind outreach that does not say {{how_often}}"),
    ],
)
def test_what_a_body_may_not_say(told_of: ToldOf, old: str, new: str, line: int, found: str) -> None:
    told = told_of(old, new)
    assert any(one.startswith(f"{OUTREACH}.yaml:{BODY + line}: found {found}") for one in told), told


def test_a_misspelt_field_is_told_with_the_right_one(told_of: ToldOf) -> None:
    (told,) = told_of("{{contact_first_name}}", "{{contact_firstname}}")
    assert told.endswith("Did you mean 'contact_first_name'?")


SUBJECT = "may we ask you for {{a_type}}?"


@pytest.mark.parametrize(
    ("old", "new", "where", "found"),
    [
        (SUBJECT, "x\\r\\nBcc: all@example.com", "subject", "a line break, or something invisible, in the subject"),
        (SUBJECT, "x\\nY", "subject", "a line break, or something invisible, in the subject"),
        (SUBJECT, "x\\u2028y", "subject", "a line break, or something invisible, in the subject"),
        (SUBJECT, "{{how_often}}", "subject", "how_often, which has several lines, in the subject"),
        (SUBJECT, "x" * 160, "subject", "the text"),
        (SUBJECT, "{{company", "subject", "{{ in the subject, which is no merge field"),
        ("id: outreach_talk\n", "id: outreach_walk\n", "id", "outreach_walk.1 in a file called outreach_talk.1.yaml"),
        ("version: 1\n", "version: 2\n", "id", "outreach_talk.2 in a file called outreach_talk.1.yaml"),
        ("version: 1\n", "version: 0\n", "version", "the number 0 for `version`"),
        ("kind: outreach", "kind: postcard", "kind", "the text 'postcard' for `kind`"),
        ("types: [call, site_visit]", "types: [call, sitevisit]", "types", "the reference type 'sitevisit'"),
        ("language: English", "language: Klingon", "language", "the language 'Klingon', which is not known"),
        ("approved_by: The maintainers\n", "", "approved_on", "`approved_on` without `approved_by`"),
        ("approved_on: 2026-01-05\n", "", "approved_by", "`approved_by` without `approved_on`"),
        ("effective_from: 2026-01-12", "effective_from: 2026-01-04", "effective_from", "2026-01-04 to begin"),
        (
            "effective_from: 2026-01-12",
            "effective_from: soon",
            "effective_from",
            "the text 'soon' for `effective_from`",
        ),
        (
            "effective_from: 2026-01-12",
            "effective_from: 2026",
            "effective_from",
            "the number 2026 for `effective_from`",
        ),
        ("2026-01-12\n", "2026-01-12\nretired_on: 2026-01-12\n", "retired_on", "2026-01-12 to retire it"),
        ("2026-01-12\n", "2026-01-12\nacknowledge_by: 2026-02-01\n", "acknowledge_by", "`acknowledge_by` in a text of"),
        (
            "2026-01-12\n",
            "2026-01-12\nacknowledge_by: 2026-01-11\n",
            "acknowledge_by",
            "2026-01-11 to acknowledge it by",
        ),
        ("2026-01-12\n", "2026-01-12\nto: ada@example.com\n", "to", "the name 'to', which is not known"),
        ("id: outreach_talk\n", "id: outreach_talk\nid: outreach_talk\n", "id", "'id' a second time"),
    ],
)
def test_what_the_head_of_a_text_may_not_say(told_of: ToldOf, old: str, new: str, where: str, found: str) -> None:
    changed = TEXT.replace(old, new, 1).splitlines()
    lines = [number for number, line in enumerate(changed, start=1) if line.startswith(f"{where}:")]
    told = told_of(old, new)
    assert any(one.startswith(f"{OUTREACH}.yaml:{line}: found {found}") for one in told for line in lines), told


def test_a_body_has_a_length(told_of: ToldOf) -> None:
    (told,) = told_of("Kind regards", "x" * 7000)
    assert "expected at most 6000 characters" in told


def test_a_check_in_is_about_no_kind_of_reference(told_of: ToldOf) -> None:
    (told,) = told_of("kind: check_in", "kind: check_in\ntypes: [call]", "rules/templates/check_in.1")
    assert "types for a check-in" in told


def copied(**changes: str) -> str:
    """The text of the outreach, changed by line."""
    lines = [line for line in TEXT.splitlines() if line.partition(":")[0] not in changes]
    return "\n".join([*lines[:1], *(f"{name}: {value}" for name, value in changes.items()), *lines[1:]]) + "\n"


@pytest.mark.parametrize(
    ("name", "changes", "found"),
    [
        ("outreach_talk.2", {"version": "2", "effective_from": "2026-03-01"}, None),
        ("outreach_talk.2", {"version": "2", "effective_from": "2026-01-12"}, "2026-01-12 to begin"),
        ("outreach_talk.2", {"version": "2", "effective_from": "2026-01-11"}, "2026-01-11 to begin"),
        ("other.1", {"id": "other"}, "other.1 for what outreach_talk.1 is for, from the same day"),
        ("other.1", {"id": "other", "types": "[logo]"}, "other.1 for what outreach_publish.1 is for"),
        ("other.1", {"id": "other", "effective_from": "2026-01-13"}, None),
        (
            "outreach_talk.2",
            {"version": "2", "effective_from": "2026-03-01", "language": "German"},
            "another kind or language",
        ),
        (
            "outreach_talk.2",
            {"version": "2", "effective_from": "2026-03-01", "kind": "thank_you"},
            "another kind or language",
        ),
        ("other.1", {}, "outreach_talk.1 in a file called other.1.yaml"),
    ],
)
def test_two_texts_do_not_claim_one_place(
    told_of: ToldOf, name: str, changes: dict[str, str], found: str | None
) -> None:
    told = told_of("Dear", "Dear", beside={f"rules/templates/{name}": copied(**changes)})
    assert (found is None and told == []) or any(str(found) in one for one in told), told


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('limit: "at most {{number}} {{what}} in any', 'limit: "at most {{number}} {{what}} within any', None),
        ('limit: "at most {{number}} {{what}} in any {{days}} days"', 'limit: "seldom"', "the phrase 'seldom'"),
        ('limit: "at most {{number}}', 'limit: "at most {number}', "the phrase 'at most {number}"),
        ('limit: "at most {{number}}', 'limit: "at most {{number}} {{own}}', "the value 'own', which is not known"),
        ("November, December]", "November]", "11 months"),
        ("call: 45, ", "", "no minutes for call"),
        ("call: 45", "calls: 45", "the reference type 'calls', which is not known"),
        ("      logo: {a:", "      logos: {a:", "no words for logo"),
    ],
)
def test_the_words_of_a_language_lose_nothing(told_of: ToldOf, old: str, new: str, found: str | None) -> None:
    told = told_of(old, new, "rules/outreach")
    assert (found is None and told == []) or any(str(found) in one for one in told), told


def test_a_text_for_every_type_meets_each(told_of: ToldOf) -> None:
    text = "\n".join(line for line in copied(id="other").splitlines() if not line.startswith("types:")) + "\n"
    told = told_of("Dear", "Dear", beside={"rules/templates/other.1": text})
    assert {one.partition("found ")[2].partition(" is for")[0] for one in told if "from the same day" in one} == {
        "other.1 for what outreach_publish.1",
        "other.1 for what outreach_talk.1",
    }


def test_a_subject_has_one_line(told_of: ToldOf) -> None:
    told = told_of("{{company}} and {{product}}", "{{how_often}}")
    assert any("how_often, which has several lines, in the subject" in one for one in told), told


def test_a_text_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "rules" / "templates"
    folder.mkdir(parents=True)
    (folder / "outreach.1.yaml").write_text("subject: [\n", encoding="utf-8")
    draft, mistakes = load_draft(tmp_path / "rules", tmp_path / "mappings")
    assert any(str(one).startswith("rules/templates/outreach.1.yaml:") for one in mistakes)
    assert not any("templates" in name for name in draft.sources)


def test_a_file_that_nobody_reads_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "rules" / "templates"
    folder.mkdir(parents=True)
    (folder / "outreach.1.md").write_text("Dear {{everybody}}", encoding="utf-8")
    _, mistakes = load_draft(tmp_path / "rules", tmp_path / "mappings")
    assert any(
        str(one).startswith("rules/templates/outreach.1.md:1: found a file that nobody reads") for one in mistakes
    )
