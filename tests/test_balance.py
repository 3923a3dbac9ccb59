from __future__ import annotations

from orchestrace.balance import Balance


class TestBalance:
    def test_what_ended_is_all_of_it(self) -> None:
        """Whatever became of it, and for whatever reason it was dropped."""
        assert Balance(delivered=5, waiting=4, refused=3, dropped={"forgotten": 2, "older than 7 days": 1}).ended == 15

    def test_nothing_ended_yet(self) -> None:
        """Then every number is 0."""
        assert (Balance().ended, Balance().dropped) == (0, {})


class TestSum:
    def test_each_is_added_to_its_like(self) -> None:
        """Reasons too: those that both know are one."""
        both = Balance.sum([Balance(1, 2, 3, {"a": 4}), Balance(10, 20, 30, {"a": 40, "b": 50})])

        assert both == Balance(11, 22, 33, {"a": 44, "b": 50})

    def test_of_none(self) -> None:
        """It is empty, and no error."""
        assert Balance.sum([]) == Balance()
