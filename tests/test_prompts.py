from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.exceptions import PromptError
from orchestrace.prompts import Example, Prompt
from orchestrace.recording import prompt_use
from orchestrace.recording.prompt_use import PromptUse

CHAT = [
    {"role": "system", "content": "You are {who}."},
    {
        "role": "user",
        "content": [{"type": "text", "text": "{question}"}, {"type": "image_url", "image_url": {"url": "u"}}],
    },
]
EXAMPLES = [Example({"name": "Ada", "é": 1}, "Dear Ada"), Example("Bob", ["Hi", None])]


class Candidate(pydantic.BaseModel):
    name: str


def kind(value: object) -> str:
    """Name a case after the type of its value."""
    return type(value).__name__


@pytest.fixture
def heard() -> Iterator[list[PromptUse]]:
    """Hear of what is rendered."""
    before, uses = prompt_use._listener, []
    prompt_use.listen(uses.append)
    yield uses
    prompt_use.listen(before)


class TestText:
    def test_variables_are_put_in(self) -> None:
        """By name and by path, over objects, models and mappings."""
        prompt = Prompt("a", "Write to {candidate.name} about {job.title}. {feedback}")
        job = SimpleNamespace(title="Engineer")

        assert "Write to Ada about Engineer. " == prompt.render(candidate=Candidate(name="Ada"), job=job, feedback="")
        assert "Write to Bob about Engineer. !" == prompt.render(candidate={"name": "Bob"}, job=job, feedback="!")

    def test_json_stays_as_it_is(self) -> None:
        """Braces that hold no name are text, and a value is never read as a template."""
        prompt = Prompt("a", 'Answer like {"name": "…", "items": [{}]} for {who}.')

        assert 'Answer like {"name": "…", "items": [{}]} for {who} {"x"}.' == prompt.render(who='{who} {"x"}')

    def test_data_is_written_as_json(self) -> None:
        """Models too."""
        prompt = Prompt("a", "{candidates}")

        assert '[{"name": "Ada"}, {"name": "日本"}]' == prompt.render(
            candidates=[Candidate(name="Ada"), {"name": "日本"}]
        )

    def test_none_is_a_value(self) -> None:
        """It was given."""
        assert Prompt("a", "{x.y}").render(x={"y": None}) == "None"

    def test_a_variable_may_have_any_name(self) -> None:
        """Also those of Python's own."""
        assert Prompt("a", "{self} {name} {template}").render(self=1, name=2, template=3) == "1 2 3"

    @given(st.text())
    def test_any_text_is_a_template(self, template: str) -> None:
        """Rendered with what it asks for, nothing else in it changes."""
        prompt = Prompt("a", template)
        values = {name.partition(".")[0]: "" for name in prompt.variables}

        assert prompt.variables or template == prompt.render(**values)


class TestMisuse:
    @pytest.mark.parametrize(
        ("given", "missing", "surplus"),
        [
            ({}, "candidate.name, tone", "none"),
            ({"candidate": {"name": "Ada"}, "tone": 1, "ton": 2}, "none", "ton"),
            ({"candidate": {}, "toon": 1, "x": 2}, "candidate.name, tone", "toon, x"),
            ({"candidate": {"name": "Ada"}, "tone": 1, "few_shot": "mine"}, "none", "few_shot"),
        ],
        ids=["nothing", "too much", "both", "examples"],
    )
    def test_missing_and_surplus_variables_are_named(
        self, given: dict[str, object], missing: str, surplus: str
    ) -> None:
        """The message tells both lists, and what there is."""
        prompt = Prompt("a/b", "{few_shot} {candidate.name} {tone}", few_shot=EXAMPLES)

        with pytest.raises(PromptError) as caught:
            prompt.render(**given)

        assert (
            "Prompt 'a/b' was rendered with variables that do not fit its template. "
            f"Missing: {missing}. Surplus: {surplus}. It takes: candidate.name, tone."
        ) == str(caught.value)

    @pytest.mark.parametrize(
        "template", [3, None, b"x", {"role": "user"}, ["text"], [("role", "user")], [{"role": "user", "content": b"x"}]]
    )
    def test_what_is_no_template_is_an_error_at_once(self, template: Any) -> None:
        """It says what a template is."""
        with pytest.raises(PromptError, match="Prompt 'a'"):
            Prompt("a", template)

    def test_what_is_no_example_is_an_error_at_once(self) -> None:
        """It says how one is made."""
        with pytest.raises(PromptError, match=r"few_shot has tuple where an Example\(input, output\) belongs"):
            Prompt("a", "b", few_shot=[("in", "out")])  # type: ignore[list-item]

    def test_an_error_of_the_users_own_property_is_theirs(self) -> None:
        """As an f-string would show it."""

        class Raising:
            @property
            def name(self) -> str:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            Prompt("a", "{x.name}").render(x=Raising())


class TestChat:
    def test_every_text_of_the_messages_is_a_template(self) -> None:
        """Parts included; the rest is as it was."""
        messages = Prompt("a", CHAT).render(who="a poet", question="Why?")

        assert messages == [
            {"role": "system", "content": "You are a poet."},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Why?"}, {"type": "image_url", "image_url": {"url": "u"}}],
            },
        ]

    def test_examples_are_pairs_before_the_last_message(self) -> None:
        """What is no text is written as JSON."""
        messages = Prompt("a", CHAT, few_shot=EXAMPLES).render(who="a poet", question="Why?")

        assert [
            {"role": "user", "content": '{"name": "Ada", "é": 1}'},
            {"role": "assistant", "content": "Dear Ada"},
            {"role": "user", "content": "Bob"},
            {"role": "assistant", "content": '["Hi", null]'},
        ] == messages[1:-1]
        assert ["system", "user"] == [messages[0]["role"], messages[-1]["role"]]

    def test_examples_stand_where_a_message_says_so(self) -> None:
        """Then they are not there twice."""
        prompt = Prompt("a", [{"role": "user", "content": "Like:\n{few_shot}\n{x}"}], few_shot=EXAMPLES[:1])

        assert [
            {"role": "user", "content": 'Like:\nInput: {"name": "Ada", "é": 1}\nOutput: Dear Ada\n1'},
        ] == prompt.render(x=1)

    def test_the_result_is_the_callers(self) -> None:
        """Whatever they do to it, or to what they made the prompt from, the next rendering is the same."""
        template: list[Any] = copy.deepcopy(CHAT)
        prompt = Prompt("a", template, few_shot=EXAMPLES)
        first = prompt.render(who=1, question=2)
        expected, known = copy.deepcopy(first), prompt.identity()
        first[-1]["content"][0]["text"] = "spoilt"
        first[1]["content"] = "spoilt"
        del first[0]
        template[1]["content"].clear()

        assert expected == prompt.render(who=1, question=2)
        assert known == prompt.identity()

    def test_an_empty_list_of_messages_holds_its_examples(self) -> None:
        """There is no last message."""
        assert 4 == len(Prompt("a", [], few_shot=EXAMPLES).render())


class TestFewShotInText:
    def test_examples_stand_where_the_template_says_so(self) -> None:
        """One below the other; the program gives nothing for them."""
        prompt = Prompt("a", "Like:\n{few_shot}\n\n{x}", few_shot=EXAMPLES)

        assert (
            'Like:\nInput: {"name": "Ada", "é": 1}\nOutput: Dear Ada\n\nInput: Bob\nOutput: ["Hi", null]\n\n1'
        ) == prompt.render(x=1)

    def test_without_examples_the_place_is_empty(self) -> None:
        """The same template serves with and without."""
        assert Prompt("a", "[{few_shot}]").render() == "[]"

    def test_without_a_place_the_text_is_as_it_is(self) -> None:
        """The program shows them its own way; they are recorded all the same."""
        prompt = Prompt("a", "Write.", few_shot=EXAMPLES)

        assert ("Write.", 2) == (prompt.render(), len(prompt.identity().few_shot))


class TestIdentity:
    def test_the_same_text_has_the_same_hash(self) -> None:
        """Whatever its name and version."""
        assert Prompt("a", "x {y}").hash == Prompt("b", "x {y}", version="7").hash

    def test_the_order_of_a_messages_keys_makes_no_difference(self) -> None:
        """It is the same message."""
        turned = [dict(reversed(message.items())) for message in CHAT]

        assert Prompt("a", CHAT).hash == Prompt("a", turned).hash

    def test_another_text_or_other_examples_are_another_prompt(self) -> None:
        """So is another order of the examples."""
        prompts = [
            Prompt("a", "x"),
            Prompt("a", "x "),
            Prompt("a", [{"role": "user", "content": "x"}]),
            Prompt("a", "x", few_shot=EXAMPLES),
            Prompt("a", "x", few_shot=EXAMPLES[::-1]),
            Prompt("a", "x", few_shot=EXAMPLES[:1]),
        ]

        assert len(prompts) == len({prompt.hash for prompt in prompts})

    def test_the_version_defaults_to_the_beginning_of_the_hash(self) -> None:
        """A template that was changed and forgotten is a new version."""
        assert ("3", True) == (
            Prompt("a", "x", version="3").version,
            Prompt("a", "x").version == Prompt("a", "x").hash[:12],
        )

    def test_the_identity_is_a_use_without_variables(self) -> None:
        """It is what a decorator is given."""
        prompt = Prompt("a/b", CHAT, version="3", few_shot=EXAMPLES)
        known = prompt.identity()

        assert ("a/b", "3", prompt.hash, {}) == (known.name, known.version, known.hash, known.variables)
        assert json.loads(known.template) == CHAT
        assert tuple(example.record() for example in EXAMPLES) == known.few_shot
        assert known.few_shot_hash == Prompt("c", "another", few_shot=EXAMPLES).identity().few_shot_hash

    def test_without_examples_there_is_no_hash_of_them(self) -> None:
        """Unknown is absent."""
        assert Prompt("a", "x").identity().few_shot_hash is None

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301
    def test_a_copy_is_the_same_prompt(self, copied: Any) -> None:
        """Prompts travel to other processes."""
        prompt = Prompt("a", CHAT, few_shot=EXAMPLES)
        other = copied(prompt)

        assert prompt.identity() == other.identity()
        assert prompt.render(who=1, question=2) == other.render(who=1, question=2)

    def test_is_shown_by_name_and_version(self) -> None:
        """In a debugger as in a log."""
        assert "Prompt('a/b', version='3')" == repr(Prompt("a/b", "x", version="3"))


class TestRender:
    def test_tells_which_prompt_was_rendered_with_what(self, heard: list[PromptUse]) -> None:
        """The variables are the caller's own objects."""
        candidate = Candidate(name="Ada")
        prompt = Prompt("a", "Write to {candidate.name}.", few_shot=EXAMPLES)
        prompt.render(candidate=candidate)

        assert [prompt.identity().hash] == [use.hash for use in heard]
        assert heard[0].variables["candidate"] is candidate
        assert heard[0].template == "Write to {candidate.name}."

    def test_what_could_not_be_rendered_is_not_told(self, heard: list[PromptUse]) -> None:
        """No model call will come from it."""
        with pytest.raises(PromptError):
            Prompt("a", "{x}").render()

        assert [] == heard

    def test_a_fault_of_ours_does_not_reach_it(self, heard: list[PromptUse]) -> None:
        """The text is there all the same."""
        prompt_use.listen(lambda _: 1 / 0)  # type: ignore[arg-type, return-value]

        assert Prompt("a", "x").render() == "x"
        assert [] == heard


class TestExample:
    def test_the_same_data_has_the_same_hash(self) -> None:
        """In whatever order its keys came, and whether a model or a mapping held it."""
        one, other = Example({"a": 1, "b": [2]}, "x"), Example({"b": [2], "a": 1}, "x")

        assert one.sha256 == other.sha256
        assert Example(Candidate(name="Ada"), "x").sha256 == Example({"name": "Ada"}, "x").sha256
        assert one.sha256 != Example("x", {"a": 1, "b": [2]}).sha256

    def test_the_id_is_given_or_the_beginning_of_the_hash(self) -> None:
        """It says which example it was in a table."""
        assert ("ada", True) == (Example(1, 2, "ada").id, Example(1, 2).id == Example(1, 2).sha256[:12])

    def test_is_kept_as_data(self) -> None:
        """Whatever becomes of the objects given."""
        given: dict[str, list[int]] = {"a": [1]}
        example = Example(given, Candidate(name="Ada"))
        given["a"].append(2)

        assert ({"a": [1]}, {"name": "Ada"}) == (example.input, example.output)

    def test_keys_keep_their_order(self) -> None:
        """As the model is to see them."""
        assert ["b", "a"] == list(Example({"b": 1, "a": 2}, "x").input)

    def test_equal_examples_are_one(self) -> None:
        """In a set as in a comparison, also after pickling."""
        example = Example({"a": 1}, "x")

        assert {example} == {Example({"a": 1}, "x")}
        assert example == pickle.loads(pickle.dumps(example))  # noqa: S301 - our own bytes

    def test_is_recorded_whole(self) -> None:
        """Id, hash, input and output."""
        example = Example("a", "b")

        assert {"id": example.id, "sha256": example.sha256, "input": "a", "output": "b"} == example.record()

    @pytest.mark.parametrize("value", [object(), b"x", float("nan"), {"a": {1, object()}}], ids=kind)
    def test_what_is_no_data_is_an_error_at_once(self, value: object) -> None:
        """It says what to give."""
        with pytest.raises(PromptError, match=r"Example\(…\) holds what JSON cannot say .* give texts"):
            Example(value, "x")
