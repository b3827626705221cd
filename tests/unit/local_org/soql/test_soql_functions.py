"""The functions the SQL calls: local time, labels, display formats."""

from __future__ import annotations

import pytest

from crm_sync.local_org.soql.functions import fold, formatted, label, local


def test_fold():
    assert fold("ÉCOLE") == "école"
    assert fold(None) is None


def test_local():
    assert local("2026-07-01T23:30:00.000+0000", "Asia/Tokyo") == "2026-07-02T08:30:00"
    assert local("2026-03-29T01:00:00.000+0000", "Europe/Berlin") == "2026-03-29T03:00:00"
    assert local(None, "UTC") is None


def test_label():
    labels = '{"a": "Alpha", "b": "Beta"}'
    assert label("a", labels) == "Alpha"
    assert label("b;a;c", labels) == "Beta;Alpha;c"
    assert label(None, labels) is None


@pytest.mark.parametrize(
    ("value", "kind", "scale", "expected"),
    [
        (None, "currency", 2, None),
        (1234.5, "currency", 2, "$1,234.50"),
        (-3.0, "currency", 0, "-$3"),
        (1234567, "int", 0, "1,234,567"),
        (12.5, "percent", 1, "12.5%"),
        (0.125, "double", 3, "0.125"),
        ("2026-12-05", "date", 0, "12/5/2026"),
        ("2026-12-05T00:05:00.000+0000", "datetime", 0, "12/5/2026, 12:05 AM"),
        ("2026-12-05T13:00:00.000+0000", "datetime", 0, "12/5/2026, 1:00 PM"),
        ("as is", "text", 0, "as is"),
    ],
)
def test_formatted(value, kind, scale, expected):
    assert formatted(value, kind, scale, "UTC") == expected
