from __future__ import annotations

import pytest

from orchestrace import conventions as names
from orchestrace.exceptions import JournalError
from orchestrace.journal.wanted import Wanted, wanted
from orchestrace.recording.text import label


class TestWanted:
    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("last", Wanted()),
            (" ABCD ", Wanted("abcd")),
            ("ab" * 16, Wanted("ab" * 16)),
            ("ab" * 16 + "-" + "0" * 16 + "-66f00000", Wanted("ab" * 16)),
            ("key=Job 417/上海=1", Wanted(name=names.KEY, value="Job 417/上海=1")),
            ("session=S", Wanted(name=names.SESSION_ID, value="S")),
            ("user=last", Wanted(name=names.USER_ID, value="last")),
        ],
    )
    def test_is_understood(self, typed: str, found: Wanted) -> None:
        """Ids in any case of letters, values as they are."""
        assert found == wanted(typed)

    def test_a_long_value_is_meant_as_it_was_recorded(self) -> None:
        """By its beginning and a hash of all of it."""
        assert Wanted(name=names.KEY, value=label("k" * 300)) == wanted("key=" + "k" * 300)

    @pytest.mark.parametrize("typed", ["", "aba", "key=", "colour=red", "a" * 33, "%", "first"])
    def test_anything_else_is_an_error(self, typed: str) -> None:
        """It says what can be asked for."""
        with pytest.raises(JournalError, match=r"at least 4 hex digits of its id, a run's reference, key=…, session=…"):
            wanted(typed)

    def test_knows_what_it_is(self) -> None:
        """A whole id can be asked of anybody, the beginning of one of those who have a list."""
        found = [wanted(typed) for typed in ("last", "abcd", "ab" * 16, "key=7")]

        assert [(True, False), (False, False), (False, True), (False, False)] == [
            (one.last, one.whole) for one in found
        ]
        assert ["last", "abcd", "ab" * 16, "key=7"] == list(map(str, found))
