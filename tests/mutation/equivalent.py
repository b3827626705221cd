"""Mutants of the code that judges that no test can notice, each with its reason.

Named by module, the line of code as it stands, what was there and what becomes of it. Read by `code`; what is not here has to be noticed.
"""

from __future__ import annotations

from collections.abc import Mapping

EQUIVALENT: Mapping[tuple[str, str, str, str], str] = {
    (
        "usage",
        "SELECT cap, name, owner_id, high + adds - most AS excess FROM limited JOIN asks USING (cap) WHERE high + adds > most",
        ">",
        ">=",
    ): "Where exactly as much is left as an ask takes the limit holds, and the day on which one opens is read only of those that do not.",
    (
        "consent",
        "ELSE arg_min(audience, CASE audience {rank} ELSE -1 END) FILTER (WHERE is_good) END AS audience",
        "1",
        "2",
    ): "An audience that is none of those known ranks before all of them, however far before.",
}
