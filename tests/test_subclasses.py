from __future__ import annotations

from typing import Any

import pytest

from orchestrace.subclasses import follow_subclasses, within


class TestFollowSubclasses:
    def test_hears_of_each_before_its_own_hooks(self) -> None:
        """However it is made; options of the statement go where they went."""
        heard: list[Any] = []

        class Base:
            def __init_subclass__(cls, tone: str = "") -> None:
                heard.append((cls.__name__, tone))

        follow_subclasses(Base, lambda cls: heard.append(cls.__name__))
        type("Made", (Base,), {}, tone="warm")

        assert ["Made", ("Made", "warm")] == heard

    def test_is_undone(self) -> None:
        """The class is what it was; what somebody put on top of it stays and hears nothing."""
        heard: list[type] = []
        base, other = type("Base", (), {}), type("Other", (), {})
        before = dict(vars(base))
        undo, undo_other = follow_subclasses(base, heard.append), follow_subclasses(other, heard.append)
        theirs: Any = classmethod(lambda cls, inner=other.__dict__["__init_subclass__"]: inner.__get__(None, cls)())
        setattr(other, "__init_subclass__", theirs)  # noqa: B010 - to a type checker it is a method
        undo()
        undo_other()
        type("Sub", (base,), {})
        type("Sub", (other,), {})

        assert before == dict(vars(base))
        assert theirs is other.__dict__["__init_subclass__"]
        assert [] == heard

    def test_a_class_that_takes_no_attributes(self) -> None:
        """Says so."""
        with pytest.raises(TypeError):
            follow_subclasses(int, lambda _: None)


class TestWithin:
    def test_knows_a_copy_of_a_class(self) -> None:
        """As decorators make them, for slots."""
        one, copy = type("A", (), {}), type("A", (), {})

        assert copy is within(one, type("B", (copy,), {}))
        assert one is within(one, type("B", (one,), {}))
        assert one is within(one, type("B", (), {}))
