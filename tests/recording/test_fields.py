from __future__ import annotations

import dataclasses
import sys
from collections import namedtuple
from typing import Any, ClassVar, NamedTuple, NoReturn

import attrs
import pydantic
import pytest

from orchestrace.recording.fields import NOTHING, fields_of, type_name


class Meta(type):
    """A metaclass that has its own idea of names."""

    @property
    def __module__(cls) -> NoReturn:
        raise ZeroDivisionError


class Odd(metaclass=Meta):
    pass


@dataclasses.dataclass
class Plain:
    name: str
    size: int = 3
    kind: ClassVar[str] = "no field"

    @property
    def doubled(self) -> NoReturn:
        """Must not be asked."""
        raise ZeroDivisionError

    def __getattr__(self, name: str) -> NoReturn:
        raise ZeroDivisionError(name)


@dataclasses.dataclass(slots=True)
class Slotted:
    name: str
    size: int = dataclasses.field(init=False)


@attrs.define
class Defined:
    name: str
    size: int = 3


@attrs.define(slots=False)
class Loose:
    name: str


class Point(NamedTuple):
    x: int
    y: int


class Model(pydantic.BaseModel):
    name: str
    hidden: str = pydantic.Field(default="x", exclude=True)
    alias: str = pydantic.Field(default="y", alias="other")
    _private: str = "z"

    @pydantic.computed_field
    @property
    def computed(self) -> str:
        """Must not be computed."""
        raise ZeroDivisionError


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")

    name: str


class Listing(pydantic.RootModel[list[int]]):
    pass


class TestTypeName:
    @pytest.mark.parametrize(
        ("kind", "name"),
        [(int, "int"), (Plain, f"{__name__}.Plain"), (TypeError, "TypeError"), (Odd, f"{__name__}.Odd")],
        ids=["builtin", "own", "error", "odd"],
    )
    def test_the_module_stands_in_front(self, kind: type, name: str) -> None:
        """Builtins have none, and a metaclass is not asked."""
        assert name == type_name(kind)

    def test_a_class_inside_is_told_with_what_is_around(self) -> None:
        """Two inner classes of one name can be told apart."""

        class Inner:
            pass

        assert type_name(Inner).endswith("test_a_class_inside_is_told_with_what_is_around.<locals>.Inner")

    def test_a_module_that_is_no_text_is_left_out(self) -> None:
        """Any object can stand there."""
        assert type_name(type("Strange", (), {"__module__": 3})) == "Strange"

    def test_long_names_are_cut(self) -> None:
        """More of it tells nothing."""
        assert 256 == len(type_name(type("x" * 10_000, (), {})))


class TestFieldsOf:
    @pytest.mark.parametrize(
        ("value", "fields"),
        [
            (Plain("Ada"), {"name": "Ada", "size": 3}),
            (Slotted("Ada"), {"name": "Ada"}),
            (Defined("Ada"), {"name": "Ada", "size": 3}),
            (Loose("Ada"), {"name": "Ada"}),
            (Point(1, 2), {"x": 1, "y": 2}),
            (namedtuple("Old", "a b")(1, 2), {"a": 1, "b": 2}),  # noqa: PYI024 - the old way is read, too
            (Model(name="Ada", other="o"), {"name": "Ada", "alias": "o"}),
            (Open(name="Ada", more=1), {"name": "Ada", "more": 1}),
            (Listing([1]), ([1],)),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_declared_fields_are_read_where_they_are_stored(self, value: object, fields: object) -> None:
        """No property, `__getattr__` or computed field is run, and what is not set is left out."""
        assert fields == fields_of(value)

    @pytest.mark.parametrize("value", [3, "x", (1, 2), [1], {}, object(), Plain, Odd()])
    def test_anything_else_declares_none(self, value: Any) -> None:
        """An instance with attributes is a stranger."""
        assert fields_of(value) is NOTHING

    def test_a_class_attribute_stands_in_for_an_instances(self) -> None:
        """A default that was never copied to the instance is still the value."""
        plain = Plain("Ada")
        del plain.size

        assert fields_of(plain) == {"name": "Ada", "size": 3}

    @pytest.mark.skipif(sys.version_info >= (3, 14), reason="pydantic 1 does not run there")
    def test_models_of_pydantic_1_are_read(self) -> None:
        """Version 1 keeps a model's fields in another place."""
        older = pytest.importorskip("pydantic.v1")
        model = older.create_model("Older", name=(str, ...), size=(int, 3))

        assert fields_of(model(name="Ada")) == {"name": "Ada", "size": 3}
