"""Check the texts of rules/templates/: what they may say, when they hold, and that no two claim the same place.

A text that is not approved yet is checked like the others. Not here: which text is used (`templates`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from crm_sync.errors import Mistake
from crm_sync.model.drafts import is_visible
from crm_sync.program.draft import TEMPLATES, Draft
from crm_sync.program.merge import fields, strays
from crm_sync.program.merge_fields import MERGE_FIELDS, OF_NONE, REQUIRED, allowed_in
from crm_sync.program.rules import Outreach
from crm_sync.program.sources import Source
from crm_sync.program.templates import Template

A_FIELD = "{{field}}, with two braces on either side, and no other braces"

Told = tuple[str, Template, Source]
"""A text by the name of its file, and where it stands."""


def check_templates(draft: Draft) -> Iterator[Mistake]:
    """Tell everything that would keep a text from being used as it was meant."""
    told = [(name, text, draft.sources[f"{TEMPLATES}{name}"]) for name, text in draft.templates.items()]
    for name, text, source in told:
        if name != text.name:
            expected = f"{text.name}.yaml, from its id and version"
            yield source.mistake(("id",), f"{text.name} in a file called {name}.yaml", expected)
        yield from _known(draft, text, source)
        yield from _dates(text, source)
        yield from _wording(text, source, "subject")
        yield from _wording(text, source, "body")
        yield from _required(text, source)
    yield from _order(told)
    yield from _places(told)


def _known(draft: Draft, text: Template, source: Source) -> Iterator[Mistake]:
    for index, name in enumerate(text.types or ()):
        if draft.types is not None and name not in draft.types:
            yield source.unknown(("types", index), "the reference type", name, draft.types)
    if text.types and text.kind in OF_NONE:
        said = OF_NONE[text.kind]
        yield source.mistake(("types",), f"types for {said}", f"none: {said} is about no kind of reference")
    outreach = draft.rule(Outreach)
    if outreach and text.language not in outreach[0].languages:
        yield source.unknown(("language",), "the language", text.language, outreach[0].languages)


def _dates(text: Template, source: Source) -> Iterator[Mistake]:
    """Tell an approval that is not whole, and days in an order that cannot be."""
    for given, missing in (("approved_by", "approved_on"), ("approved_on", "approved_by")):
        if getattr(text, given) is not None and getattr(text, missing) is None:
            yield source.mistake((given,), f"`{given}` without `{missing}`", "both, or neither while it is a draft")
    if text.approved_on and text.approved_on > text.effective_from:
        expected = f"{text.approved_on}, when it was approved, or later"
        yield source.mistake(("effective_from",), f"{text.effective_from} to begin", expected)
    if text.retired_on and text.retired_on <= text.effective_from:
        found = f"{text.retired_on} to retire it"
        yield source.mistake(("retired_on",), found, f"a day after {text.effective_from}, when it begins")
    if text.acknowledge_by and text.kind != "briefing":
        yield source.mistake(
            ("acknowledge_by",), f"`acknowledge_by` in a text of kind {text.kind}", "it in briefings only"
        )
    if text.acknowledge_by and text.acknowledge_by < text.effective_from:
        expected = f"{text.effective_from}, when it begins, or later"
        yield source.mistake(("acknowledge_by",), f"{text.acknowledge_by} to acknowledge it by", expected)


def _wording(text: Template, source: Source, part: str) -> Iterator[Mistake]:
    """Tell what no merge field can be, fields that this kind of text has not, and what nobody can see."""
    written = getattr(text, part)
    for line, braces in strays(written):
        yield source.inside((part,), line, f"{braces} in the {part}, which is no merge field", A_FIELD)
    known = allowed_in(text.kind)
    for field in fields(written):
        if field.name not in known:
            told = source.unknown((part,), "the merge field", field.name, known)
            yield source.inside((part,), field.line, told.found, told.expected, told.nearest)
        elif part == "subject" and MERGE_FIELDS[field.name].several_lines:
            yield source.mistake((part,), f"{field.name}, which has several lines, in the subject", "it in the body")
    if part == "subject" and not is_visible(written):
        yield source.mistake((part,), "a line break, or something invisible, in the subject", "one line of plain text")
    for line, content in enumerate(written.split("\n") if part == "body" else ()):
        if not is_visible(content):
            yield source.inside((part,), line, "something invisible in the body", "plain text")


def _required(text: Template, source: Source) -> Iterator[Mistake]:
    used = {field.name for field in fields(text.body)}
    for name in REQUIRED[text.kind]:
        if name not in used:
            found = f"a text of kind {text.kind} that does not say {{{{{name}}}}}"
            yield source.mistake(("body",), found, f"{{{{{name}}}}}: {MERGE_FIELDS[name].about}")


def _order(told: Sequence[Told]) -> Iterator[Mistake]:
    """Tell a version that begins no later than the one before it, or is another kind of text."""
    by_id: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_id[one[1].id].append(one)
    for versions in by_id.values():
        for (_, earlier, _), (_, later, source) in pairwise(sorted(versions, key=lambda one: one[1].version)):
            if later.kind != earlier.kind or later.language != earlier.language:
                found = f"{later.name}, another kind or language than {earlier.name}"
                yield source.mistake(("id",), found, "an id of its own")
            elif later.effective_from <= earlier.effective_from:
                expected = f"a day after {earlier.effective_from}, when {earlier.name} begins"
                yield source.mistake(("effective_from",), f"{later.effective_from} to begin", expected)


def _places(told: Sequence[Told]) -> Iterator[Mistake]:
    """Tell two texts that begin on one day for the same kind, type and language: nobody could say which is used."""
    for (_, one, _), (_, other, source) in combinations(told, 2):
        same = (one.kind, one.language, one.effective_from) == (other.kind, other.language, other.effective_from)
        if same and one.id != other.id and _meet(one, other):
            found = f"{other.name} for what {one.name} is for, from the same day"
            yield source.mistake(("effective_from",), found, "another day, or other types")


def _meet(one: Template, other: Template) -> bool:
    if one.types is None or other.types is None:
        return True
    return not set(one.types).isdisjoint(other.types)
