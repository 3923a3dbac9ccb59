from __future__ import annotations

from typing import Any

import pytest

from orchestrace import Example, Prompt
from orchestrace.declared.entry import Reference, entry_of
from orchestrace.declared.target import Target
from orchestrace.exceptions import PromptError
from orchestrace.testing import Spans, capture
from orchestrace.wrapping import wrap


def last(items: list[Any]) -> Any:
    """Return the last item of a stream."""
    return items[-1]


def generated(prompt: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a generator with that prompt."""
    entry = entry_of({"target": "shop:draft", "role": "generator", "prompt": prompt}, None)
    with capture() as spans:
        wrap(lambda: "text", entry.declaration)()
    return dict(spans[0].attributes)


class TestEntryOf:
    def test_has_what_a_decorator_is_told(self) -> None:
        """And the method apart, as a decorator has it."""
        said = {"target": " shop:Crafter ", "role": "agent", "method": "run", "version": "2", "config": {"limit": 3}}
        entry = entry_of(said, 7)

        assert (Target("shop", ("Crafter",)), "run", 7) == (entry.target, entry.method, entry.line)
        assert ("agent", "2", {"limit": 3}) == (
            entry.declaration.role,
            entry.declaration.version,
            entry.declaration.config,
        )

    def test_a_prompt_with_a_template_is_that_of_the_code(self) -> None:
        """Name, version, hash and examples are the same."""
        example = {"input": "Jun", "output": "Hi Jun"}
        prompt = Prompt("p", "Write to {name}.", version="3", few_shot=[Example(**example)])
        said = generated({"name": "p", "version": "3", "template": "Write to {name}.", "few_shot": [example]})

        assert prompt.identity().attributes(content=True).items() <= said.items()

    def test_a_prompt_may_be_a_name_and_a_version(self) -> None:
        """The template is in the code: nothing is said of it, and no hash."""
        said = generated({"name": "p", "version": "3"})

        assert ("p", "3") == (said["gen_ai.prompt.name"], said["gen_ai.prompt.version"])
        assert {"orchestrace.prompt.hash", "orchestrace.prompt.template"}.isdisjoint(said)

    def test_a_prompt_that_is_none(self) -> None:
        """Its own words say why."""
        with pytest.raises(PromptError, match="JSON cannot say"):
            entry_of(
                {"target": "a:b", "role": "generator", "prompt": {"name": "p", "template": [{"a": float("nan")}]}}, None
            )


class TestReference:
    def test_a_function_is_looked_for_when_it_is_called(self, orchestrace_spans: Spans, load: Any, write: Any) -> None:
        """Its module may not be there before; a function that is missing costs the output, not the program."""
        write("streams", "class Last:\n    @staticmethod\n    def of(items): return items[-1]")
        name = load("streams").__name__
        for text in (f"{name}:Last.of", f"{name}:missing"):
            entry = entry_of({"target": "a:b", "role": "tool", "reduce": text}, None)

            def words() -> Any:
                yield "a"
                yield "b"

            assert ["a", "b"] == list(wrap(words, entry.declaration)())

        assert '{"result":"b"}' == orchestrace_spans[0].attributes["gen_ai.tool.call.result"]
        assert "b" == Reference(f"{name}:Last.of")(["a", "b"])
