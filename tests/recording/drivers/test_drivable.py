from __future__ import annotations

from collections import Counter

import pytest

from orchestrace.recording import guard
from orchestrace.recording.drivers.drivable import UNRECORDED, Drivable, begun_with, fail, finish, keep, open_with
from orchestrace.recording.ending import CANCELLED, ERROR, RETURNED, End
from orchestrace.recording.scope import NOWHERE, Scope
from orchestrace.recording.selectors import MISSING


class Follower:
    """Note what is heard, or fail at it."""

    scope = NOWHERE

    def __init__(self, fault: BaseException | None = None) -> None:
        self.fault = fault
        self.items: list[object] = []
        self.ends: list[End] = []

    def keep(self, item: object) -> None:
        """Take an item."""
        self.items.append(item)
        if self.fault is not None:
            raise self.fault

    def end(self, end: End) -> None:
        """Take the end."""
        self.ends.append(end)
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def faults() -> Counter[str]:
    """Return the faults that were there before."""
    return Counter(guard.faults())


class TestOpenWith:
    def test_returns_who_follows(self) -> None:
        """The opener gets the arguments as they came."""
        seen: list[object] = []
        follower = Follower()

        def opener(*given: object) -> Drivable:
            seen.append(given)
            return follower

        assert follower is open_with(opener, (1,), {"a": 2})
        assert [((1,), {"a": 2})] == seen

    def test_nobody_need_follow(self) -> None:
        """What nobody follows is followed by something that hears nothing."""
        followed = open_with(lambda *_: None, (), {})
        followed.keep(1)
        followed.end(End(RETURNED, 0))

        assert UNRECORDED is followed
        assert NOWHERE is followed.scope

    def test_an_opener_that_fails_is_reported(self, faults: Counter[str]) -> None:
        """The call runs all the same, followed by nobody."""

        def opener(*_: object) -> Drivable:
            raise ValueError

        assert UNRECORDED is open_with(opener, (), {})
        assert {"begin of a call": 1} == Counter(guard.faults()) - faults

    def test_an_interrupt_is_the_programs(self) -> None:
        """A KeyboardInterrupt that comes while we open reaches whom it is meant for."""

        def opener(*_: object) -> Drivable:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            open_with(opener, (), {})


class Placeless(Follower):
    """Follow, but know no scope."""

    @property
    def scope(self) -> Scope:  # type: ignore[override] # it fails
        """Fail."""
        raise ValueError


class TestBegunWith:
    def test_returns_who_follows_and_where(self) -> None:
        """The opener gets the arguments as they came."""
        seen: list[object] = []
        follower = Follower()

        def opener(*given: object) -> Drivable:
            seen.append(given)
            return follower

        assert (follower, NOWHERE) == begun_with(opener, (1,), {"a": 2})
        assert [((1,), {"a": 2})] == seen

    def test_nobody_need_follow(self) -> None:
        """The body runs as it would without us."""
        assert None is begun_with(lambda *_: None, (), {})

    def test_an_opener_that_fails_is_reported(self, faults: Counter[str]) -> None:
        """The call runs all the same, followed by nobody."""

        def opener(*_: object) -> Drivable:
            raise ValueError

        assert None is begun_with(opener, (), {})
        assert {"begin of a call": 1} == Counter(guard.faults()) - faults

    def test_who_knows_no_scope_hears_the_end(self, faults: Counter[str]) -> None:
        """The body runs where it is."""
        follower = Placeless()

        assert (follower, NOWHERE) == begun_with(lambda *_: follower, (), {})
        assert {"scope of a call": 1} == Counter(guard.faults()) - faults


class TestKeep:
    def test_gives_the_item(self) -> None:
        """The very object that the body yielded."""
        follower, item = Follower(), object()
        keep(follower, item)

        assert item is follower.items[0]

    def test_a_fault_is_reported(self, faults: Counter[str]) -> None:
        """The item reaches the program all the same."""
        keep(Follower(ValueError()), 1)

        assert {"item of a stream": 1} == Counter(guard.faults()) - faults


class TestFinish:
    def test_tells_the_value(self) -> None:
        """None is a value."""
        follower = Follower()
        finish(follower, RETURNED, None)

        assert [(RETURNED, None, None)] == [(end.ending, end.value, end.error) for end in follower.ends]

    def test_without_a_value_there_is_none(self) -> None:
        """A stream that was left has not returned None."""
        follower = Follower()
        finish(follower, RETURNED)

        assert [MISSING] == [end.value for end in follower.ends]

    def test_a_fault_is_reported(self, faults: Counter[str]) -> None:
        """What the body returned reaches the program all the same."""
        finish(Follower(ValueError()), RETURNED, 1)

        assert {"end of a call": 1} == Counter(guard.faults()) - faults


class TestFail:
    @pytest.mark.parametrize(("error", "ending"), [(ValueError(), ERROR), (KeyboardInterrupt(), CANCELLED)])
    def test_tells_the_exception(self, error: BaseException, ending: str) -> None:
        """The very one, and what it means."""
        follower = Follower()
        fail(follower, error)

        assert [(ending, error, MISSING)] == [(end.ending, end.error, end.value) for end in follower.ends]
