from __future__ import annotations

import functools
import sys
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest

import orchestrace
from orchestrace import ByReference
from orchestrace.recording.annotation import references_of
from orchestrace.recording.guard import faults

if TYPE_CHECKING:
    from somewhere_else import Candidate, Registry  # type: ignore[import-not-found] # that is the point

Alias = Annotated[dict[str, int], ByReference("alias")]
ids = ByReference("of_module")


def _one(candidate: Annotated[Candidate, ByReference("id")], job: str, *, limit: int = 3) -> None: ...
def _two(candidate: Annotated[Candidate, "words", ByReference] | None) -> Annotated[Candidate, ByReference("uri")]: ...
def _three(candidates: list[Annotated[Registry.Row[int], ByReference("id")]], other: Alias) -> None: ...
def _four(candidate: Optional[Annotated[Candidate, ids]], *more: Candidate, **others: Registry.x | None) -> None: ...  # noqa: UP045 - old code has it
def _five(candidate: Annotated[Registry.row("x"), orchestrace.ByReference(lambda it: it.id)]) -> None: ...  # type: ignore[valid-type] # odd, and allowed
def _six(candidate: Candidate, job: "1 +", x: 5, y: unknown()) -> None: ...  # type: ignore[name-defined,syntax,valid-type] # noqa: F722, F821 - none is a type


class Method:
    def run(self, candidate: Annotated[Candidate, ByReference("id")]) -> None: ...


@functools.lru_cache
def _cached(candidate: Annotated[Candidate, ByReference("id")]) -> None: ...


class TestReferencesOf:
    @pytest.mark.parametrize(
        ("function", "expected"),
        [
            (_one, {"candidate": "id"}),
            (_two, {"candidate": None, "return": "uri"}),
            (_three, {"candidates": "id", "other": "alias"}),
            (_four, {"candidate": "of_module"}),
            (_six, {}),
            (Method.run, {"candidate": "id"}),
            (_cached, {"candidate": "id"}),
            (len, {}),
            (functools.partial(_one), {}),
        ],
    )
    def test_marks_are_found(self, function: Callable[..., Any], expected: dict[str, Any]) -> None:
        """In texts whose other names nobody knows here, in unions, lists and aliases."""
        before = faults()

        assert (expected, before) == (references_of(function), faults())

    def test_a_callable_can_select(self) -> None:
        """As everywhere."""
        assert callable(references_of(_five)["candidate"])

    def test_names_of_a_function_around_are_known(self) -> None:
        """If they are used inside: Python keeps no others."""
        mark = ByReference("inner")

        def work(candidate: Annotated[Candidate, mark]) -> ByReference:
            return mark

        assert {"candidate": "inner"} == references_of(work)

    def test_evaluated_annotations_are_as_good(self) -> None:
        """Those of a module without `from __future__ import annotations`."""

        def work(candidate: Any) -> None: ...

        work.__annotations__ = {"candidate": typing.Union[Annotated["Candidate", ByReference("id")], None]}  # noqa: UP007 - evaluated
        assert {"candidate": "id"} == references_of(work)

    @pytest.mark.parametrize("annotations", [None, 5, {"x": 5}, {"x": "("}, {"x": object()}])
    def test_anything_may_stand_there(self, annotations: object) -> None:
        """It says nothing, and is no fault."""

        class Odd:
            __annotations__ = annotations

            def __call__(self) -> None: ...

        assert {} == references_of(Odd())

    def test_a_mark_that_cannot_be_read_is_reported(self) -> None:
        """The data would be recorded otherwise than was asked for."""

        def work(candidate: "Annotated[Candidate, ByReference(1 / 0)]") -> None: ...  # noqa: UP037 - a text either way

        before = faults().get("annotations", 0)
        assert {} == references_of(work)
        assert before + 1 == faults()["annotations"]

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement came with 3.12")
    def test_a_type_statement_is_looked_into(self) -> None:
        """It is lazy itself."""
        known: dict[str, Any] = {"Annotated": Annotated, "ByReference": ByReference}
        exec("type Profile = Annotated[dict, ByReference('id')]\ndef work(x: Profile): ...", known)  # noqa: S102 - syntax

        assert {"x": "id"} == references_of(known["work"])
