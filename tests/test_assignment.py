from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from collections import Counter
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import orchestrace
from orchestrace import assign
from orchestrace.exceptions import UsageError
from orchestrace.recording import lineage
from orchestrace.recording.guard import faults
from orchestrace.testing import Spans

TONE = "orchestrace.experiment.tone"
NAMES = st.text(min_size=1).filter(str.strip)
VARIANTS = st.lists(st.text(min_size=1, max_size=20).filter(str.strip), min_size=1, max_size=6, unique=True)
SUBJECTS = [f"user-{number}" for number in range(10_000)]


class Tone(Enum):
    WARM = "warm"
    COOL = "cool"


def here() -> object:
    """Return the variant that a span which started here would carry."""
    return lineage.identity(lineage.current()).get(TONE)


def shares(names: list[str], weights: list[float] | None = None) -> dict[str, float]:
    """Return which part of the subjects each variant got."""
    counted = Counter(assign("tone", names, by=subject, weights=weights) for subject in SUBJECTS)
    return {name: counted[name] / len(SUBJECTS) for name in names}


class TestAssign:
    @given(NAMES, VARIANTS, st.text(min_size=1))
    def test_a_subject_always_has_the_same(self, name: str, variants: list[str], by: str) -> None:
        """Whatever the order in which variants are listed."""
        first = assign(name, variants, by=by)

        assert first in variants
        assert first == assign(name, variants, by=by) == assign(name, variants[::-1], by=by)
        assert first == assign(name, {one: one for one in variants}, by=by)

    @given(NAMES, VARIANTS, st.text(min_size=1), st.text(min_size=1, max_size=20).filter(str.strip))
    def test_a_variant_more_moves_subjects_to_it_alone(
        self, name: str, variants: list[str], by: str, more: str
    ) -> None:
        """Nobody changes between the old ones."""
        before = assign(name, variants, by=by)

        assert assign(name, [*{*variants, more}], by=by) in {before, more}

    @given(VARIANTS, st.data())
    def test_no_share_is_never_assigned(self, variants: list[str], data: Any) -> None:
        """0 switches a variant off without taking it out."""
        one = st.floats(0, 1e6, allow_subnormal=False)
        weights = data.draw(st.lists(one, min_size=len(variants), max_size=len(variants)).filter(any))
        found = assign("tone", variants, by=data.draw(st.text(min_size=1)), weights=weights)

        assert weights[variants.index(found)] > 0

    @pytest.mark.parametrize(
        ("weights", "expected"),
        [(None, [1 / 3, 1 / 3, 1 / 3]), ([1, 1, 2], [0.25, 0.25, 0.5]), ([0.9, 0.1, 0], [0.9, 0.1, 0])],
    )
    def test_subjects_fall_as_the_weights_say(self, weights: list[float] | None, expected: list[float]) -> None:
        """Of 10,000, within two percent."""
        found = shares(["warm", "cool", "plain"], weights)

        assert expected == pytest.approx([found["warm"], found["cool"], found["plain"]], abs=0.02)

    def test_experiments_do_not_depend_on_each_other(self) -> None:
        """Who is warm in one is not for that reason warm in another."""
        both = Counter(tuple(assign(name, ["a", "b"], by=subject) for name in ("x", "y")) for subject in SUBJECTS)

        assert [0.25] * 4 == pytest.approx([count / len(SUBJECTS) for count in both.values()], abs=0.02)

    def test_it_is_the_same_in_every_process(self) -> None:
        """Python's own `hash` differs from process to process."""
        code = (
            "import json, orchestrace;"
            "print(json.dumps([orchestrace.assign('tone', ['warm', 'cool'], by=str(n)) for n in range(50)]))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours

        assert [assign("tone", ["warm", "cool"], by=str(number)) for number in range(50)] == json.loads(done.stdout)

    def test_it_is_the_same_for_ever(self) -> None:
        """A release that changed one of these would move users in the middle of experiments."""
        found = [assign("tone", ["warm", "cool", "plain"], by=f"user-{number}") for number in range(8)]

        assert ["warm", "warm", "warm", "cool", "plain", "warm", "warm", "cool"] == found

    def test_others_can_compute_it(self) -> None:
        """The rule that the docstring states is all that there is to it."""
        for subject in SUBJECTS[:100]:
            scores = {}
            for variant, share in (("a", 1.0), ("b", 3.0)):
                number = int(hashlib.sha256(f"tone\0{subject}\0{variant}".encode()).hexdigest()[:13], 16)
                scores[variant] = -share / math.log((number + 0.5) / 2**52)

            assert max(scores, key=lambda one: scores[one]) == assign("tone", ["a", "b"], by=subject, weights=[1, 3])

    def test_a_mapping_gives_the_value(self, orchestrace_spans: Spans) -> None:
        """What is recorded is the name."""
        with orchestrace.agent(name="A"):
            assert [7] == [assign("tone", {"warm": [7]}, by="u")][0]

        assert "warm" == orchestrace_spans.attributes("invoke_agent A")[TONE]

    def test_weights_go_by_name_as_well(self) -> None:
        """For mappings that is easier to read."""
        assert 1 == assign("tone", {"warm": 1, "cool": 2}, by="u", weights={"cool": 0, "warm": 5})

    @pytest.mark.parametrize(
        ("by", "same"), [(7, "7"), (UUID(int=1), str(UUID(int=1))), (Tone.WARM, "warm"), (["a", 1], ("a", "1"))]
    )
    def test_a_subject_is_the_same_in_any_type(self, by: object, same: object) -> None:
        """Ids pass through JSON on their way from service to service."""
        variants = [str(number) for number in range(1000)]

        assert assign("tone", variants, by=by) == assign("tone", variants, by=same)

    @pytest.mark.parametrize("by", [None, "", (), ("", None)])
    def test_nobody_gets_the_first_and_is_not_counted(self, by: object, orchestrace_spans: Spans) -> None:
        """An anonymous visitor must not break the program, nor weigh in the comparison."""
        before = faults().get("assign('tone')", 0)
        with orchestrace.agent(name="A"):
            assert "cool" == assign("tone", ["warm", "cool"], by=by, weights=[0, 1])

        assert TONE not in orchestrace_spans.attributes("invoke_agent A")
        assert before + 1 == faults()["assign('tone')"]

    @pytest.mark.parametrize(
        ("arguments", "options", "words"),
        [
            (("", ["a"]), {}, "names the experiment"),
            ((5, ["a"]), {}, "names the experiment"),
            (("tone", []), {}, "no variants"),
            (("tone", {}), {}, "no variants"),
            (("tone", "ab"), {}, "a list of names, or a mapping"),
            (("tone", {"a", "b"}), {}, "a list of names, or a mapping"),
            (("tone", ["a", "a"]), {}, "stands twice"),
            (("tone", [["a"]]), {}, "give a mapping"),
            (("tone", [""]), {}, "names no variant"),
            (("tone", {1: 2}), {}, "names no variant"),
            (("tone", ["a", "b"]), {"weights": [1]}, "one weight for each"),
            (("tone", ["a", "b"]), {"weights": {"a": 1}}, "one weight for each"),
            (("tone", ["a", "b"]), {"weights": 5}, "one weight for each"),
            (("tone", ["a", "b"]), {"weights": [-1, 1]}, "numbers from 0"),
            (("tone", ["a", "b"]), {"weights": [0, 0]}, "one at least"),
            (("tone", ["a", "b"]), {"weights": [float("nan"), 1]}, "numbers from 0"),
            (("tone", ["a", "b"]), {"weights": ["1", 1]}, "numbers from 0"),
            (("tone", ["a"]), {"by": object()}, "identifies the subject"),
            (("tone", ["a"]), {"by": 0.5}, "identifies the subject"),
            (("tone", ["a"]), {"by": True}, "identifies the subject"),
        ],
    )
    def test_what_cannot_be_meant_is_an_error(self, arguments: Any, options: Any, words: str) -> None:
        """The message says what to write."""
        with pytest.raises(UsageError, match=words):
            assign(*arguments, **{"by": "u", **options})


class TestBinding:
    def test_it_stands_on_the_run_and_on_what_follows(self, orchestrace_spans: Spans) -> None:
        """Also where it was assigned in a role inside."""
        with orchestrace.agent(name="A"):
            with orchestrace.generator(name="draft"):
                assign("tone", ["warm"], by="u")
            with orchestrace.tool(name="t"):
                pass
        with orchestrace.agent(name="B"):
            pass
        names = ("invoke_agent A", "execute_tool t", "invoke_agent B")

        assert ["warm", "warm", None] == [orchestrace_spans.attributes(name).get(TONE) for name in names]

    def test_in_a_session_it_holds_until_its_end(self, orchestrace_spans: Spans) -> None:
        """For all runs of it, and for none of the next, in whatever they are."""
        with orchestrace.workflow(name="consumer"):
            for number in range(2):
                with orchestrace.session(f"s{number}"):
                    if not number:
                        assign("tone", ["warm"], by="u")
                    with orchestrace.agent(name=f"A{number}"):
                        pass
        names = ("invoke_agent A0", "invoke_agent A1", "invoke_workflow consumer")

        assert ["warm", None, None] == [orchestrace_spans.attributes(name).get(TONE) for name in names]

    def test_what_is_recorded_is_what_was_returned(self) -> None:
        """An experiment block around says the variant that the program has now."""
        with orchestrace.session("s"):
            with orchestrace.experiment("tone", "cool"):
                assign("tone", ["warm"], by="u")
                assert "warm" == here()
            assert "warm" == here()
        assert here() is None

    def test_a_worker_has_the_variant_of_its_run(self) -> None:
        """It is carried as everything else that identifies, and what a worker assigns stays there."""
        with orchestrace.session("s"):
            assign("tone", ["warm"], by="u")
            carrier = orchestrace.inject({})
        with orchestrace.extract(carrier):
            assert "warm" == here()
            assign("tone", ["cool"], by="u")
            assert "cool" == here()
        with orchestrace.extract(carrier):
            assert "warm" == here()

    def test_a_role_outside_of_runs_has_it(self, orchestrace_spans: Spans) -> None:
        """As a tag."""
        with orchestrace.generator(name="draft"):
            assign("tone", ["warm"], by="u")

        assert "warm" == orchestrace_spans.attributes("generate draft")[TONE]

    def test_outside_of_everything_it_is_bound_to_nothing(self) -> None:
        """It returns the variant, and that is all."""
        assert "warm" == assign("tone", ["warm"], by="u")
        assert here() is None

    def test_switched_off_it_still_decides(self) -> None:
        """The program needs its variant, recorded or not."""
        code = "import orchestrace; print(orchestrace.assign('tone', ['warm', 'cool', 'plain'], by='user-4'))"
        environment = os.environ | {"ORCHESTRACE_DISABLED": "true"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ours

        assert "plain\n" == done.stdout
