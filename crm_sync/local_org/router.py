"""Routes: from a method and a path to a handler, without regard to case.

Patterns are written `sobjects/{object}/describe`; literals win over captures. Built by api; asked by org for every call
and every subrequest. A known resource that is not implemented answers 501, an unknown one 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import OrgError, not_found, not_implemented

if TYPE_CHECKING:
    from crm_sync.local_org.org import Org

Handler: TypeAlias = Callable[..., Reply]


@dataclass(frozen=True)
class Route:
    """One pattern and what answers it, by method."""

    pattern: tuple[str, ...]
    handlers: dict[str, Handler]

    def match(self, segments: tuple[str, ...]) -> list[str] | None:
        """Give the captured segments, or None when the path is another."""
        captured = []
        for wanted, found in zip(self.pattern, segments, strict=True):
            if wanted.startswith("{"):
                captured.append(found)
            elif wanted != found.lower():
                return None
        return captured

    @property
    def rank(self) -> int:
        """How many captures the pattern has; fewer are more particular."""
        return sum(part.startswith("{") for part in self.pattern)


class Router:
    """All routes of one part of the API."""

    def __init__(self, unsupported: Iterable[str] = ()) -> None:
        self._routes: dict[int, list[Route]] = {}
        self._names: list[str] = []
        self._unsupported = frozenset(unsupported)

    def add(self, pattern: str, **handlers: Handler) -> None:
        """Add a pattern with its handlers: `add("sobjects", GET=global_describe)`."""
        head = pattern.partition("/")[0]
        if head:
            self._names.append(head)
        parts = tuple(p if p.startswith("{") else p.lower() for p in pattern.split("/") if p)
        routes = self._routes.setdefault(len(parts), [])
        routes.append(Route(parts, handlers))
        routes.sort(key=lambda r: r.rank)

    def resources(self) -> list[str]:
        """Name the resources at the top, as they are written in patterns."""
        return list(dict.fromkeys(self._names))

    def answer(self, org: Org, call: Call) -> Reply:
        """Answer a call. Raises OrgError NOT_FOUND, METHOD_NOT_ALLOWED or NOT_IMPLEMENTED."""
        for route in self._routes.get(len(call.segments), ()):
            captured = route.match(call.segments)
            if captured is not None:
                return self._handler(route, call.method)(org, call, *captured)
        if call.segments and call.segments[0].lower() in self._unsupported:
            raise not_implemented("/".join(call.segments))
        raise not_found()

    def _handler(self, route: Route, method: str) -> Handler:
        wanted = "GET" if method == "HEAD" else method
        if wanted not in route.handlers:
            allowed = ",".join(sorted({*route.handlers, *(["HEAD"] if "GET" in route.handlers else [])}))
            raise OrgError("METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {allowed}")
        return route.handlers[wanted]
