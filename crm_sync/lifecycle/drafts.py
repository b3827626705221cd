"""An occasion to write to a customer -> the approved text for it, filled with what the rules and records say.

Called by `tasks` for the duties that carry a letter. What cannot be said leads to no draft, and the task says why. Names are
read when the task is written (writeback); nothing here, and nothing anywhere in the worker, sends a letter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from crm_sync.lifecycle.forgetting import same_people
from crm_sync.lifecycle.limits import own_limit, own_limit_is_known
from crm_sync.lifecycle.world import Row, World
from crm_sync.model.drafts import Draft, Personal, lines, one_line
from crm_sync.model.names import words
from crm_sync.program.merge import Field, fields, filled, pieces
from crm_sync.program.merge_fields import MERGE_FIELDS, Kind
from crm_sync.program.promise import in_words, promise
from crm_sync.program.rules import Counted, Noun, Words
from crm_sync.program.rules.outreach import HOUR
from crm_sync.program.templates import Template

READ = "This is a draft. Read it, change what you like, and send it yourself: nothing goes out by itself."
NOT_TO_BE_WRITTEN_TO = (
    "No draft: this customer has opted out, or asked to be forgotten or not to be processed, or nobody can tell that they "
    "have not. Do not write to them."
)
MOST = 24_000
"""Characters of a draft before names are put in; a task holds 32,000."""


@dataclass(frozen=True)
class Letter:
    """An occasion to write: the kind of text and the text chosen, to whom, from whom, about which kind of reference.

    `todo` is what the colleague has to do besides; `day` is the one the letter speaks of.
    """

    kind: Kind
    text: Template | None
    contact: str | None
    owner: str | None
    todo: str
    reference_type: str | None = None
    day: date | None = None


def text_for(world: World, kind: Kind, contact: str | None, reference_type: str | None = None) -> Template | None:
    """The text in force today for this person and kind of reference, in a language of theirs if there is one."""
    profile = world.profile_of.get(contact or "") or {}
    return world.program.templates.in_force(kind, reference_type, world.today, profile.get("languages") or ())


def written(world: World, letter: Letter) -> str | Draft:
    """Write what a task says: what to do, and the draft; or why there is none."""
    if letter.text is None:
        about = f" about {words(letter.reference_type)}" if letter.reference_type else ""
        problem = (
            f"No draft: no approved {words(letter.kind)} text{about} is in force. Write nothing until there is one."
        )
        return f"{letter.todo}\n\n{problem} The program owner is told."
    if not may_be_written_to(world, letter.contact):
        return f"{letter.todo}\n\n{NOT_TO_BE_WRITTEN_TO}"
    scene = _Scene(world, letter, letter.text)
    unknown = [name for name in scene.fields if scene.values[name] is None]
    if unknown:
        said = "; ".join(MERGE_FIELDS[name].about.partition(":")[0] for name in unknown)
        return f"{letter.todo}\n\nNo draft: it is not known what the text has to say ({said})."
    draft = Draft(tuple(_joined(scene)))
    if len(str(draft)) > MOST:
        return f"{letter.todo}\n\nNo draft: with what the records say it would be longer than a task can hold."
    return draft


def may_be_written_to(world: World, contact: str | None) -> bool:
    """Whether it is known that no contact record of this person opted out, and that nothing was asked to be forgotten.

    What a record said before it was merged into one of theirs counts too.
    """
    if contact is None:
        return False
    known = world.same_person.get(contact) or same_people(world.verdicts, {contact})
    rows = [*(world.row("contact", one) for one in known), *_merged_into(world, known)]
    return all(_is_open(world, row) for row in rows)


def _merged_into(world: World, contacts: Iterable[str]) -> Iterator[Row]:
    losers = world.once(_losers)
    waiting, met = list(contacts), set(contacts)
    while waiting:
        for row in losers.get(waiting.pop(), ()):
            yield row
            if row["id"] not in met:
                met.add(row["id"])
                waiting.append(row["id"])


def _losers(world: World) -> Mapping[str, Sequence[Row]]:
    """What merged contacts said last, by the record each was merged into."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows("merged_contact"):
        found[row["master_record"]].append(row)
    return found


def _is_open(world: World, contact: Row | None) -> bool:
    if contact is None or contact.get("opted_out") is not False or contact.get("email_opt_out") is not False:
        return False
    if contact.get("individual") is None:
        return ("contact", "individual") not in world.snapshot.unreadable
    wishes = world.row("individual", contact["individual"]) or {}
    return all(wishes.get(wish) is False for wish in ("forget", "no_processing", "no_solicit"))


def _joined(scene: _Scene) -> Iterator[str | Personal]:
    letter, text = scene.letter, scene.text
    yield f"{letter.todo}\n{READ}{_stands_in(scene)}\n\nSubject: "
    yield from _merged(text.subject, scene)
    yield "\n\n"
    yield from _merged(text.body.rstrip("\n"), scene)
    approval = (
        f"approved by {text.approved_by} on {text.approved_on:%d %b %Y}" if text.approved_on else "not approved yet"
    )
    yield f"\n\n--\nWritten from {text.label}, {approval}."


def _stands_in(scene: _Scene) -> str:
    """Say that a text is in a language that is none of the person's."""
    spoken = scene.profile.get("languages") or ()
    if not spoken or scene.text.language in spoken:
        return ""
    return f" There is no text in {' or '.join(spoken)}; this one is in {scene.text.language}."


def _merged(text: str, scene: _Scene) -> Iterator[str | Personal]:
    for piece in pieces(text):
        value = scene.values[piece.name] if isinstance(piece, Field) else piece
        assert value is not None  # noqa: S101  (looked at in `written`)
        yield value


Value = str | Personal | None
"""What stands in the place of a field; None when that is not known."""


@dataclass(frozen=True)
class _Scene:
    """Everything a letter may speak of."""

    world: World
    letter: Letter
    text: Template

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f.name for part in (self.text.subject, self.text.body) for f in fields(part)))

    @cached_property
    def values(self) -> Mapping[str, Value]:
        return {name: FILLERS[name](self) for name in self.fields}

    @property
    def words(self) -> Words:
        return self.world.program.outreach.languages[self.text.language]

    @property
    def noun(self) -> Noun | None:
        return self.words.types.get(self.letter.reference_type or "")

    @property
    def profile(self) -> Row:
        return self.world.profile_of.get(self.letter.contact or "") or {}

    @property
    def account(self) -> Row:
        contact = self.world.row("contact", self.letter.contact) or {}
        return self.world.row("account", contact.get("account")) or {}

    def counted(self, phrase: Counted, number: int) -> str:
        return filled(phrase.of(number), {"number": str(number)})


def _contact(name: str, *choices: tuple[str, ...]) -> Callable[[_Scene], Value]:
    """Read this of the customer when the letter is written."""
    return lambda scene: Personal(name, "contact", scene.letter.contact, choices) if scene.letter.contact else None


def _owner(scene: _Scene) -> Value:
    return Personal("owner_name", "user", scene.letter.owner, (("name",),)) if scene.letter.owner else None


def _program_owner(name: str, field: str) -> Callable[[_Scene], Value]:
    def read(scene: _Scene) -> Value:
        user = scene.world.role("program_owner")
        return Personal(name, "user", user, ((field,),)) if user else None

    return read


def _company(scene: _Scene) -> Value:
    return one_line(scene.account.get("name") or "") or None


def _product(scene: _Scene) -> Value:
    return one_line(scene.account.get("product") or "") or scene.words.nothing.product


def _time_commitment(scene: _Scene) -> Value:
    minutes = scene.world.program.outreach.minutes.get(scene.letter.reference_type or "")
    if minutes is None:
        return None
    hours, rest = divmod(minutes, HOUR)
    return (
        scene.counted(scene.words.minutes, minutes) if rest or hours == 1 else scene.counted(scene.words.hours, hours)
    )


def _how_often(scene: _Scene) -> Value:
    """The promise: exactly the caps that this very person is held to; none when one of their own cannot be read.

    A letter about no kind of reference promises those of every kind.
    """
    world, contact = scene.world, scene.letter.contact
    kinds = [scene.letter.reference_type] if scene.letter.reference_type else list(world.program.types)
    caps = [cap for cap in world.program.tolerance.caps if any(map(cap.counts_type, kinds))]
    is_known = set(kinds) <= set(world.program.types) and all(own_limit_is_known(world, cap) for cap in caps)
    if contact is None or not is_known:
        return None
    own = {cap.id: own_limit(world, cap, contact) for cap in caps}
    clauses = dict.fromkeys(clause for kind in kinds for clause in promise(world.program.tolerance, kind, own))
    return lines("\n".join(in_words(clauses, scene.words))) or None


def _notice(scene: _Scene) -> Value:
    days = scene.world.notice_days(scene.letter.contact, scene.letter.reference_type)
    return scene.counted(scene.words.business_days, days)


def _within(level: str) -> Callable[[_Scene], Value]:
    """Say one of the service levels."""
    return lambda scene: scene.counted(
        scene.words.business_days, getattr(scene.world.program.matching.service_levels_business_days, level)
    )


def _uses_agreed(scene: _Scene) -> Value:
    """The kinds of reference that nothing keeps this person from but what has nothing to do with consent."""
    hindered = {t: scene.world.hindered(scene.letter.contact, t) for t in scene.world.program.types}
    if any(rules is None for rules in hindered.values()):
        return None
    agreed = [
        scene.words.types[t].many for t, rules in hindered.items() if rules is not None and "consent" not in rules
    ]
    return ", ".join(agreed) or scene.words.nothing.uses_agreed


def _listed(field: str) -> Callable[[_Scene], Value]:
    """What the profile says in several lines; not known when it cannot be read."""

    def read(scene: _Scene) -> Value:
        if ("profile", field) in scene.world.snapshot.unreadable:
            return None
        return lines(scene.profile.get(field) or "") or f"- {getattr(scene.words.nothing, field)}"

    return read


def _day(scene: _Scene) -> str | None:
    day = scene.letter.day
    parts = {"day": str(day.day), "month": scene.words.months[day.month - 1], "year": str(day.year)} if day else None
    return filled(scene.words.date, parts) if parts else None


FILLERS: Mapping[str, Callable[[_Scene], Value]] = {
    "contact_first_name": _contact("contact_first_name", ("first_name",), ("last_name",)),
    "contact_name": _contact("contact_name", ("first_name", "last_name"), ("last_name",)),
    "contact_formal": _contact(
        "contact_formal", ("salutation", "last_name"), ("first_name", "last_name"), ("last_name",)
    ),
    "owner_name": _owner,
    "program_owner_name": _program_owner("program_owner_name", "name"),
    "program_owner_email": _program_owner("program_owner_email", "email"),
    "company": _company,
    "product": _product,
    "reply_days": _within("concern_reply"),
    "version": lambda scene: scene.text.name,
    "a_type": lambda scene: scene.noun.a if scene.noun else None,
    "type": lambda scene: scene.noun.one if scene.noun else None,
    "time_commitment": _time_commitment,
    "how_often": _how_often,
    "notice": _notice,
    "answer_days": _within("customer_answer"),
    "uses_agreed": _uses_agreed,
    "needed_by": lambda scene: _day(scene) or scene.words.nothing.needed_by,
    "topics": _listed("topics"),
    "avoid_topics": _listed("avoid_topics"),
    "used_on": _day,
}
"""What stands in the place of each merge field."""
