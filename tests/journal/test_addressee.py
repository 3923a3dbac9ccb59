from __future__ import annotations

from orchestrace.journal.addressee import Addressee


class TestAddressee:
    def test_is_told_from_others_by_its_id(self) -> None:
        """Two that people know by the same address may differ in their headers."""
        one, same, other = (Addressee(known, "http://collector:4318") for known in "aab")

        assert (True, False, 2) == (one == same, one == other, len({one, same, other}))
