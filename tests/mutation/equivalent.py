"""Mutants of the code that judges that no test can notice, each with its reason.

Named by module, the line of code as it stands, what was there and what becomes of it. Read by `code`; what is not here has to be noticed.
"""

from __future__ import annotations

from collections.abc import Mapping

EQUIVALENT: Mapping[tuple[str, str, str, str], str] = {}
