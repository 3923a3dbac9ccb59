from __future__ import annotations

import functools
from typing import Any

import pytest
import wrapt

from orchestrace.recording.ending import End
from orchestrace.recording.scope import NOWHERE
from orchestrace.taps.patch import Patches, descendants


class Follower:
    """One call that is followed."""

    scope = NOWHERE

    def __init__(self, log: list[Any]) -> None:
        self.log = log

    def keep(self, item: object) -> None:
        """Forget it."""

    def end(self, end: End) -> None:
        """Remember how it ended."""
        self.log.append(end.value if end.error is None else type(end.error))


def client_class() -> Any:
    """Return a class with a method."""

    class Client:
        def send(self, what: str, *, loud: bool = False) -> str:
            """Send it."""
            if not what:
                raise ValueError
            return what.upper() if loud else what

    return Client


class TestPatches:
    def follow(self, client: Any, log: list[Any]) -> Patches:
        """Return the patches that follow a class's method."""
        patches = Patches()
        patches.follow(client, "send", lambda *_: Follower(log))
        return patches

    def test_followed(self) -> None:
        """Calls are followed, also of objects that were made before."""
        client, log = client_class(), list[Any]()
        made_before = client()
        self.follow(client, log)

        assert ("A", ["A"]) == (made_before.send("a", loud=True), log)

    def test_undone(self) -> None:
        """Afterwards the method is the very same object as before."""
        client, log = client_class(), list[Any]()
        original = client.__dict__["send"]
        self.follow(client, log).undo()

        assert original is client.__dict__["send"]

    def test_once(self) -> None:
        """A class is patched once, by whatever name it is reached."""
        client, log = client_class(), list[Any]()
        patches = self.follow(client, log)
        again = patches.follow(client, "send", lambda *_: Follower(log))
        client().send("a")
        patches.undo()

        assert (True, ["a"], "a") == (again, log, client().send("a"))

    def test_method_of_a_base_class(self) -> None:
        """What a class has inherited is left alone: it is followed where it stands."""
        client, log = client_class(), list[Any]()
        heir = type("Heir", (client,), {})

        assert not Patches().follow(heir, "send", lambda *_: Follower(log))
        assert "send" not in heir.__dict__

    def test_nothing_to_follow(self) -> None:
        """A call that nobody wants to follow runs as it is."""
        client = client_class()
        Patches().follow(client, "send", lambda *_: None)

        assert "a" == client().send("a")

    def test_wrapped_by_somebody_else(self) -> None:
        """A wrapper that somebody has put over ours stays, and ours below it follows nothing any more."""
        client, log, theirs = client_class(), list[Any](), list[str]()
        patches = self.follow(client, log)
        ours = client.send

        @functools.wraps(ours)
        def wrapper(self: Any, what: str) -> str:
            theirs.append(what)
            return str(ours(self, what))

        client.send = wrapper
        client().send("a")
        patches.undo()
        client().send("b")

        assert (wrapper, ["a"], ["a", "b"]) == (client.__dict__["send"], log, theirs)

    def test_followed_anew_below_somebody_else(self) -> None:
        """Following again goes around such a wrapper, and records once."""
        client, log = client_class(), list[Any]()
        patches = self.follow(client, log)
        ours = client.send
        client.send = wrapper = lambda *args: ours(*args)  # noqa: PLW0108 - a method must be a function
        patches.undo()
        again = self.follow(client, log)
        client().send("a")
        again.undo()

        assert (["a"], wrapper) == (log, client.__dict__["send"])

    def test_a_wrapper_that_knows_its_instance(self) -> None:
        """What somebody else has put there before us is called as the method of an object."""
        client, log = client_class(), list[Any]()
        seen: list[Any] = []

        def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            seen.append(instance)
            return wrapped(*args, **kwargs)

        wrapt.wrap_function_wrapper(client, "send", wrapper)
        self.follow(client, log)
        one = client()

        assert ("a", ["a"], [one]) == (one.send("a"), log, seen)

    @pytest.mark.parametrize("ours_first", [True, False])
    def test_brought_back_below(self, *, ours_first: bool) -> None:
        """Whoever wrapped it on a subclass, and undid that, left ours there: it goes, now or at the next undoing."""
        client, log = client_class(), list[Any]()

        class Sub(client):  # type: ignore[misc] # any class
            """Inherits the method."""

        original = client.send
        patches = self.follow(client, log)
        theirs_kept = Sub.send
        Sub.send = functools.wraps(theirs_kept)(lambda *args: theirs_kept(*args))  # noqa: PLW0108 - a wrapper
        if ours_first:
            patches.undo()
            Sub.send = theirs_kept
        else:
            Sub.send = theirs_kept
        patches.undo()

        assert (original, False) == (Sub.send, "send" in Sub.__dict__)

    def test_a_subclass_with_a_method_of_its_own(self) -> None:
        """It wraps nothing of ours: of what was put back nothing is kept, however often we come and go."""
        client = client_class()
        subclass = type("Sub", (client,), {"send": lambda _, what: what})
        patches = self.follow(client, [])
        patches.undo()

        assert ("a", []) == (subclass().send("a"), patches._undone)


class TestDescendants:
    def test_are_all_classes_below(self) -> None:
        """Of every generation."""
        base = client_class()
        child = type("Child", (base,), {})
        grandchild = type("Grandchild", (child,), {})

        assert [child, grandchild] == descendants(base)


class TestReplace:
    def shout(self, client: Any) -> Patches:
        """Return the patches that have a class say everything loudly."""

        def make(original: Any, is_live: Any) -> Any:
            @functools.wraps(original)
            def send(self: Any, what: str, **kwargs: Any) -> Any:
                return original(self, what, loud=True) if is_live() else original(self, what, **kwargs)

            return send

        patches = Patches()
        assert patches.replace(client, "send", make)
        assert patches.replace(client, "send", make)
        assert not patches.replace(client, "absent", make)
        return patches

    def test_stands_in_for_the_method(self) -> None:
        """Once, however often it is asked for."""
        client = client_class()
        original = client.__dict__["send"]
        patches = self.shout(client)

        assert ("A", original) == (client().send("a"), client.send.__wrapped__)
        patches.undo()
        assert original is client.__dict__["send"]

    def test_knows_when_it_is_undone(self) -> None:
        """Whoever kept it, or wrapped it, finds the method as it was."""
        client = client_class()
        patches = self.shout(client)
        kept = client.send
        patches.undo()

        assert "a" == kept(client(), "a")
