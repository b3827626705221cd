"""What every typed part of the program shares: frozen, no unknown keys, nothing converted silently.

`names_at` lets mistakes say which names were possible. Not here: any rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Part(BaseModel):
    """A frozen piece of the program. Read from a file strictly; built in Python by field name or by YAML name."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


NAME = r"^[a-z][a-z0-9_]{0,59}$"
FILE_NAME = r"^[a-z][a-z0-9_-]{0,59}$"
API_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,79}$"

Name = Annotated[str, StringConstraints(pattern=NAME)]
"""A name in the program: small letters, digits and underscores."""
FileName = Annotated[str, StringConstraints(pattern=FILE_NAME)]
"""The name of a file without its ending: as a name in the program, hyphens allowed."""
ApiName = Annotated[str, StringConstraints(pattern=API_NAME)]
"""A name in the org, of an object or a field."""
ReferenceType = Annotated[str, WithJsonSchema({"reference_type": True})]
"""A kind of reference, one of tolerance.effort_points; `checks.types` holds it against them."""
PerType: TypeAlias = Annotated[
    Mapping[ReferenceType, T], Field(json_schema_extra={"propertyNames": {"reference_type": True}})
]
"""Values by reference type."""


def _day(given: object) -> object:
    """Read a day; the files hold it as text."""
    if not isinstance(given, str):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise PydanticCustomError("day", "a day") from error


Day = Annotated[date, BeforeValidator(_day)]
"""A day, written 2026-11-02."""
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Days = Annotated[int, Field(ge=1, le=3660)]
BusinessDays = Annotated[int, Field(ge=0, le=260)]
Months = Annotated[int, Field(ge=1, le=240)]
Percent = Annotated[float, Field(gt=0, le=100)]
Points = Annotated[float, Field(ge=0, le=100)]


def names_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """List the names a YAML file may use in the part that one of pydantic's locations leads to, in declared order."""
    kind: Any = model
    for step in path:
        kind = _step(kind, step)
    return [info.alias or name for name, info in kind.model_fields.items()]


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _step(kind: Any, step: str | int) -> Any:
    """Go one step down: into a part's field, a list's items, a map's values, or the alternative of that name."""
    if _is_part(kind):
        named = {info.alias or name: info.annotation for name, info in kind.model_fields.items()}
        return named.get(str(step))
    kinds = [inner for inner in _alternatives(kind) if inner is not type(None)]
    tagged = [inner for inner in kinds if getattr(inner, "__name__", None) == step]
    if tagged:
        return tagged[0]
    if len(kinds) == 1 and kinds[0] is not kind:
        return _step(kinds[0], step)
    arguments = get_args(kind)
    return arguments[-1] if get_origin(kind) is Mapping else next(iter(arguments), None)


def _alternatives(kind: Any) -> list[Any]:
    """Unwrap annotations and unions."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return [inner for part in get_args(kind) for inner in _alternatives(part)]
    return [kind]
