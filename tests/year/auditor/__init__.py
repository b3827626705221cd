"""The auditor: the org's commit journal -> what was done that must never be done, each with its evidence.

It reads the append-only journal (sequence, time, actor, record, before, after) and nothing else, and shares no code with the
engine: persons, consents, blackouts, caps and rivals are worked out anew here, from the words of the program (`law`).
Not here: how the journal came to be.
"""

from tests.year.auditor.audit import Auditor, Finding

__all__ = ["Auditor", "Finding"]
