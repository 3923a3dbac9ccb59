from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from orchestrace import conventions as names
from orchestrace.recording import prompt_use
from orchestrace.recording.guard import faults
from orchestrace.recording.prompt_use import PromptUse, listen, rendered

USE = PromptUse("sourcing/draft", "3", "abc", "Write to {name}", {"name": "Ada", "api_key": "hunter2"})
SHOWN = PromptUse("judge", "1", "def", "Judge", {}, ({"id": "1", "input": "a", "output": "b"},), "123")
IDENTITY = {names.PROMPT_NAME: "sourcing/draft", names.PROMPT_VERSION: "3", names.PROMPT_HASH: "abc"}


class TestIdentity:
    def test_names_the_prompt_and_none_of_its_words(self) -> None:
        """Every model call that follows carries it."""
        assert IDENTITY == USE.identity()

    def test_examples_are_told_by_their_hash(self) -> None:
        """Where there are some."""
        assert SHOWN.identity()[names.FEW_SHOT_HASH] == "123"

    def test_a_prompt_of_which_only_the_name_is_known_has_no_hash(self) -> None:
        """Neither of its template, nor of examples; and no words."""
        known = PromptUse("p", "3", None, None, {})

        assert {names.PROMPT_NAME: "p", names.PROMPT_VERSION: "3"} == known.identity() == known.attributes(content=True)


class TestAttributes:
    def test_without_content_it_is_the_identity(self) -> None:
        """No word of the template, the variables or the examples."""
        assert USE.identity() == USE.attributes(content=False)
        assert SHOWN.identity() == SHOWN.attributes(content=False)

    def test_with_content_the_words_are_there(self) -> None:
        """Template, variables as a snapshot with its secrets masked, examples."""
        attributes = USE.attributes(content=True)

        assert attributes[names.PROMPT_TEMPLATE] == "Write to {name}"
        assert json.loads(str(attributes[names.PROMPT_VARIABLES])) == {"name": "Ada", "api_key": "[masked:secret]"}
        assert json.loads(str(SHOWN.attributes(content=True)[names.FEW_SHOT])) == [
            {"id": "1", "input": "a", "output": "b"}
        ]


class TestRendered:
    @pytest.fixture(autouse=True)
    def _listening(self) -> Iterator[None]:
        """Put back who listened before."""
        before = prompt_use._listener
        yield
        listen(before)

    def test_the_listener_hears_of_it(self) -> None:
        """It gets the very use."""
        heard: list[PromptUse] = []
        listen(heard.append)
        rendered(USE)

        assert [USE] == heard

    def test_without_a_listener_nothing_happens(self) -> None:
        """A prompt can be rendered before anything records."""
        listen(None)

        assert rendered(USE) is None

    def test_a_fault_of_the_listener_is_reported(self) -> None:
        """It does not reach whoever renders."""
        before = faults().get("rendered prompt", 0)
        listen(lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
        rendered(USE)

        assert before + 1 == faults()["rendered prompt"]
