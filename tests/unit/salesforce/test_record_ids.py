"""Record ids: both lengths, the checksum, and everything that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.salesforce.ids import is_id, to_18

RECORDED = [
    "00558000001N0KeAAK",
    "0017e00001W4GYRAA3",
    "750ak000009Dl5bAAC",
    "001ak00000OQTieAAH",
    "012000000000000AAA",
]


@pytest.mark.parametrize("full", RECORDED)
def test_recorded_ids_keep_their_checksum(full: str) -> None:
    assert to_18(full[:15]) == full
    assert to_18(full) == full


@pytest.mark.parametrize(
    "text",
    ["", "001", "../../sobjects/User/005", "00558000001N0KeAAX", "00558000001N0ke\n", "00558000001N0Ke'", "0055800000 N0Ke",
     "00558000001N0KeAAKA", "００558000001N0Ke", "00558000001N0Keaak"],
)  # fmt: skip
def test_what_is_no_id_is_refused(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="not a Salesforce id"):
        to_18(text)


@settings(deadline=None)
@given(st.text("ABCabc019", min_size=15, max_size=15))
def test_ids_that_differ_in_case_alone_stay_apart(short: str) -> None:
    assert (to_18(short) == to_18(short.swapcase())) == (short == short.swapcase())
    assert to_18(short).lower() != to_18(short.swapcase()).lower() or short == short.swapcase()
