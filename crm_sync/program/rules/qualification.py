"""rules/qualification.yaml as values: who may be asked, and for what.

Read by `evaluate`. Not here: the condition language (`conditions`) and the facts (`facts`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from crm_sync.program.base import Name, Part, ReferenceType, Sentence
from crm_sync.program.conditions import Condition
from crm_sync.program.versions import content_hash

Weight = Literal["hard", "caution", "scored"]
Stage = Literal["qualify", "ask"]


class Criterion(Part):
    """One question about a person and a reference type, and what its answer does.

    `types` are the reference types it applies to; None means all. `points` add to strength, for scored ones alone.
    """

    id: Name
    text: Sentence
    weight: Weight
    stage: Stage = "qualify"
    types: tuple[ReferenceType, ...] | None = Field(default=None, min_length=1)
    points: float | None = Field(default=None, gt=0, le=100)
    when: Condition
    remedy: str = Field(max_length=200)

    @model_validator(mode="after")
    def _points_fit_the_weight(self) -> Criterion:
        if self.weight == "scored" and self.points is None:
            raise PydanticCustomError("points_missing", "a scored criterion needs points")
        if self.weight != "scored" and self.points is not None:
            raise PydanticCustomError("points_unused", "only a scored criterion has points")
        return self

    @property
    def version(self) -> str:
        """A hash of what the criterion means (16 hex digits); comments and layout do not change it."""
        return content_hash(self.model_dump(mode="json", exclude_defaults=True))

    def applies_to(self, reference_type: str) -> bool:
        """Whether the criterion is asked for this reference type."""
        return self.types is None or reference_type in self.types


class Candidates(Part):
    """Who of those qualified becomes a profile in status Candidate: those for whom `potential` is true."""

    potential: Condition


class Qualification(Part):
    """All criteria, in the order written, and the candidate rule."""

    criteria: tuple[Criterion, ...] = Field(min_length=1)
    candidates: Candidates
