"""Log lines as events with declared keys, and nothing else in them. Set up once by bootstrap.

Keys that nobody declared are dropped and counted, so a value cannot reach a log by accident; what looks like a secret or
an address inside a declared value is scrubbed all the same. Tracebacks carry no local variables. Not here: metrics.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

KEYS = frozenset(
    {
        "event", "level", "timestamp", "logger", "exception", "dropped_keys",
        "run_id", "kind", "as_of", "status", "reason", "error", "message", "code", "exit_code", "version",
        "object", "record_id", "key", "subject", "action", "rule_id", "rule_version", "plan_checksum",
        "rows", "written", "refused", "deferred", "skipped", "deleted", "unmapped", "missed", "gone", "changed", "count",
        "calls", "api_calls", "api_calls_floor", "calls_used", "calls_allowed", "logins", "pages", "tries", "pause_s", "elapsed_s", "port", "host",
        "notification_id", "notifications", "job", "next_run", "fence", "holder", "org_id", "is_sandbox", "path",
    }
)  # fmt: skip
SCRUBBED = "[scrubbed]"
_SECRETS = (
    re.compile(r"\b00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]+"),
    re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*"),
    re.compile(r"(?i)\b(?:bearer|oauth)\s+[A-Za-z0-9._!~+/=-]{8,}"),
    re.compile(r"(?i)\b(?:client_secret|assertion|access_token|refresh_token|password|signature)=[^&\s\"']+"),
    re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL),
    re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    re.compile(r"(?<![\w.:-])\+\d[\d ()-]{7,}\d"),
)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_Event = MutableMapping[str, Any]
_Processor = Callable[[Any, str, _Event], Mapping[str, Any] | str | bytes | bytearray | tuple[Any, ...]]


def set_up(log_format: str, log_level: str, stream: TextIO | None = None) -> None:
    """Send log lines to `stream` (standard error by default) as JSON or for a console, from this level up.

    Lines of libraries are held to warnings, as some of them print addresses and headers below that.
    """
    last: _Processor = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    target = stream if stream is not None else sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            allow_listed,
            scrubbed,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[log_level]),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=target, format="%(levelname)s %(name)s %(message)s", force=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_scrub_record)


def allow_listed(logger: Any, method: str, event: _Event) -> _Event:
    """Keep declared keys; name the others in `dropped_keys`, without their values."""
    dropped = sorted(key for key in event if key not in KEYS)
    kept = {key: value for key, value in event.items() if key in KEYS}
    return {**kept, "dropped_keys": dropped} if dropped else kept


def scrubbed(logger: Any, method: str, event: _Event) -> _Event:
    """Replace whatever looks like a token, a key, an e-mail address or a phone number."""
    return {key: scrub(value) for key, value in event.items()}


def scrub(value: Any) -> Any:
    """Scrub one value: text itself, other plain values as they are, everything else by its text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [scrub(item) for item in value]
    text = str(value)
    for pattern in _SECRETS:
        text = pattern.sub(SCRUBBED, text)
    return text


def _scrub_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = scrub(record.getMessage()), None
    return True
