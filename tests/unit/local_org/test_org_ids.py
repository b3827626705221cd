"""Ids carry a checksum and sort by age."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.local_org import ids

CHECKED = [  # recorded ids of real orgs
    "00558000001N0KeAAK",
    "0017e00001W4GYRAA3",
    "750ak000009Dl5bAAC",
    "001ak00000OQTieAAH",
    ids.MASTER_RECORD_TYPE_ID,
    ids.ORGANIZATION_ID,
]


@pytest.mark.parametrize("known", CHECKED)
def test_recorded_ids_have_this_checksum(known):
    assert known[15:] == ids.checksum(known[:15])
    assert ids.normal(known[:15]) == ids.normal(known) == ids.normal(known[:15] + known[15:].lower()) == known


@pytest.mark.parametrize("written", ["", "001", "001ak00000OQTieAAA", "001ak00000OQTie ", "001ak00000OQ-ie", "x" * 19])
def test_what_is_no_id(written):
    assert ids.normal(written) is None


@given(st.integers(0, 62**9 - 2))
def test_later_ids_sort_later(number):
    assert ids.make("001", number)[:15] < ids.make("001", number + 1)[:15]


def test_custom_prefixes_follow_the_services_order():
    assert [ids.custom_prefix(n) for n in (0, 1, 10, 62)] == ["a00", "a01", "a0A", "a10"]
