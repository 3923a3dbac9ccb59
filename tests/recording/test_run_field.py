from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.run_field import LIMIT, decoded, encoded, identity_of, prompt_of

LABELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
IDENTITIES = st.fixed_dictionaries(
    {},
    optional={
        "gen_ai.agent.name": LABELS,
        "orchestrace.key": LABELS,
        "session.id": LABELS,
        "orchestrace.iteration.index": st.integers(1, 1000),
        "orchestrace.iteration.inferred": st.just(value=True),
        "orchestrace.tag.trial": st.just(value=True),
        "orchestrace.experiment.tone": LABELS,
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PROMPT = {"gen_ai.prompt.name": "draft", "gen_ai.prompt.version": "3", "orchestrace.prompt.hash": "abc"}


class TestEncoded:
    @given(IDENTITIES)
    def test_comes_back_as_it_went(self, identity: dict[str, Any]) -> None:
        """Whatever the words are, a header can hold what is written of them."""
        text = encoded({"identity": identity})

        assert re.fullmatch(r"[\x20-\x7e]*", text)
        assert {"identity": identity} == decoded(text) or len(text) > LIMIT // 2

    @given(st.dictionaries(LABELS.map("orchestrace.tag.".__add__), LABELS, max_size=40))
    def test_is_bounded(self, identity: dict[str, Any]) -> None:
        """Of too much, the last is left out."""
        text = encoded({"identity": identity, "content": "off"})
        left = decoded(text)

        assert len(text) <= LIMIT
        assert "off" == left["content"]
        assert list(identity.items())[: len(left["identity"])] == list(left["identity"].items())


class TestDecoded:
    @given(st.text() | JSON.map(json.dumps))
    def test_of_anything_is_a_mapping(self, text: str) -> None:
        """What somebody else wrote there says nothing."""
        assert isinstance(decoded(text), dict)

    @pytest.mark.parametrize("text", ["", "null", "[]", "{", "%ff", "%", '{"identity": {}' + " " * LIMIT + "}"])
    def test_of_garbage_is_empty(self, text: str) -> None:
        """No JSON object, no UTF-8, or too long."""
        assert {} == decoded(text)


class TestIdentityOf:
    @given(IDENTITIES)
    def test_takes_what_identifies_a_run(self, identity: dict[str, Any]) -> None:
        """All of it, as it is."""
        assert identity == identity_of(identity)

    @given(JSON)
    def test_of_anything_has_known_names_alone(self, found: Any) -> None:
        """A carrier sets no attribute that is not an identity."""
        assert {} == identity_of(found)

    @pytest.mark.parametrize(
        "found",
        [
            {"gen_ai.input.messages": "[]"},
            {"orchestrace.summary": "x"},
            {"service.name": "x"},
            {"orchestrace.tag.": True},
            {"orchestrace.tag.trial": False},
            {"orchestrace.tag.trial": "yes"},
            {"orchestrace.tag." + "x" * 257: True},
            {"orchestrace.experiment.tone": 1},
            {"orchestrace.key": 1},
            {"orchestrace.key": ""},
            {"orchestrace.key": ["x"]},
            {"orchestrace.iteration.index": True},
            {"orchestrace.iteration.index": 0},
            {"orchestrace.iteration.index": 2**40},
            {1: "x"},
        ],
    )
    def test_leaves_out_what_does_not(self, found: dict[Any, Any]) -> None:
        """Other names, and known ones with a value of another kind."""
        assert {} == identity_of(found)

    def test_bounds_and_masks_what_came(self) -> None:
        """As where it was said first."""
        key = "sk-" + "proj-" + "a1B2" * 10

        assert [256] == [len(str(value)) for value in identity_of({"orchestrace.key": "x" * 300}).values()]
        assert key not in str(identity_of({"orchestrace.key": key}))


class TestPromptOf:
    def test_is_an_identity_without_words(self) -> None:
        """What a model call carries of it."""
        found = prompt_of(PROMPT | {"orchestrace.few_shot.hash": "def", "orchestrace.prompt.template": "words"})

        assert found is not None
        assert PROMPT | {"orchestrace.few_shot.hash": "def"} == found.identity()
        assert ("", {}) == (found.template, found.variables)

    def test_without_examples(self) -> None:
        """The hash of none is absent."""
        found = prompt_of(PROMPT)

        assert found is not None
        assert PROMPT == found.identity()

    @pytest.mark.parametrize("found", [None, [], "draft", {}, PROMPT | {"gen_ai.prompt.version": 3}])
    def test_of_less_is_none(self, found: object) -> None:
        """Half an identity is none."""
        assert prompt_of(found) is None
