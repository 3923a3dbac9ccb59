from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from orchestrace import conventions as names
from orchestrace.cli.content import Content, answer_of
from orchestrace.messages import text
from orchestrace.records import SpanRecord

Make = Callable[..., SpanRecord]


def rows(span: SpanRecord, *, full: bool = False, known: str | None = None) -> dict[str, str]:
    """Return the texts by their labels."""
    return {row.label: row.text for row in Content(span, full=full, known=known).rows()}


def said(*turns: tuple[str, str]) -> str:
    """Return messages as they stand in an attribute."""
    return json.dumps([{"role": role, "parts": [text(words)]} for role, words in turns])


class TestPrompts:
    ROLE = {  # noqa: RUF012 - read only
        names.ROLE: "generator",
        names.PROMPT_NAME: "sourcing/draft",
        names.PROMPT_VERSION: "3",
        names.PROMPT_HASH: "ab12",
        names.PROMPT_TEMPLATE: "Write to {name}",
        names.PROMPT_VARIABLES: '{"name":"Zoë"}',
        names.FEW_SHOT_HASH: "cd34",
        names.FEW_SHOT: '[{"id":"warm-1","input":1,"output":2}]',
        names.INPUT_VALUE: '{"name":"Zoë"}',
    }

    def test_which_one_with_what(self, make: Make) -> None:
        """Name and version, variables, and the ids of the examples; arguments would say the same again."""
        assert {"prompt": "sourcing/draft@3", "variables": 'name: "Zoë"', "few-shot": "warm-1"} == rows(make(self.ROLE))

    def test_what_the_call_inside_shows_is_left_out(self, make: Make) -> None:
        """Its prompt has the variables in it, its answer is the output; a run says all the same what it was given."""
        run = {names.ROLE: "agent", names.OUTPUT_VALUE: "Hi"}

        assert {"prompt": "sourcing/draft@3", "few-shot": "warm-1"} == rows(make(self.ROLE), known="Hi")
        assert 'name: "Zoë"' == rows(make(self.ROLE | run), known="Hi")["input"]

    def test_full_has_template_and_examples(self, make: Make) -> None:
        """All that the prompt was made of."""
        assert {
            "prompt": "sourcing/draft@3\nhash ab12",
            "template": "Write to {name}",
            "variables": "name: Zoë",
            "few-shot": "warm-1: 1 → 2\nhash cd34",
            "input": "name: Zoë",
        } == rows(make(self.ROLE), full=True)

    def test_calls_do_not_repeat_it(self, make: Make) -> None:
        """The role above says which prompt it was."""
        call = make({names.OPERATION_NAME: "chat", names.PROMPT_NAME: "p", names.PROMPT_VERSION: "1"})

        assert [{}, {"prompt": "p@1"}] == [rows(call), rows(call, full=True)]

    def test_without_content_there_are_names_and_hashes(self, make: Make) -> None:
        """Two runs can be compared all the same."""
        span = make({names.ROLE: "generator", names.PROMPT_NAME: "p", names.FEW_SHOT_HASH: "cd34"})

        assert {"prompt": "p", "few-shot": "hash cd34"} == rows(span)


class TestCalls:
    def test_the_last_message_is_what_was_asked(self, make: Make) -> None:
        """Those before it are counted."""
        turns = [("user", "a"), ("assistant", "b"), ("user", "c")]
        span = make({names.INPUT_MESSAGES: said(*turns), names.OUTPUT_MESSAGES: said(("assistant", "d"))})

        assert {"earlier": "2 messages: user, assistant", "user": "c", "assistant": "d"} == rows(span)

    def test_long_histories_are_counted(self, make: Make) -> None:
        """Roles of the last four are enough."""
        span = make({names.INPUT_MESSAGES: said(*[("user", "a")] * 9)})

        assert rows(span)["earlier"] == "8 messages: …, user, user, user, user"

    def test_full_has_all_messages(self, make: Make) -> None:
        """In their order."""
        span = make({names.INPUT_MESSAGES: said(("user", "a"), ("assistant", "b"), ("user", "c"))})

        assert [("user", "a"), ("assistant", "b"), ("user", "c")] == [
            (row.label, row.text) for row in Content(span, full=True).rows()
        ]

    def test_system_tools_and_parameters(self, make: Make) -> None:
        """What else the model was given; the heading has the model's name."""
        span = make(
            {
                names.SYSTEM_INSTRUCTIONS: '[{"type":"text","content":"Be kind."}]',
                names.TOOL_DEFINITIONS: '[{"type":"function","name":"find"}]',
                names.REQUEST_PARAMETERS: '{"model":"m","stream":true,"temperature":0.2}',
            }
        )

        assert {"parameters": "temperature: 0.2", "tools": "find", "system": "Be kind."} == rows(span)

    def test_parameters_without_content(self, make: Make) -> None:
        """Where content is off, those that are numbers are known all the same."""
        assert {"parameters": "temperature: 0.2, max_tokens: 9"} == rows(
            make({names.REQUEST_TEMPERATURE: 0.2, names.REQUEST_MAX_TOKENS: 9})
        )

    @pytest.mark.parametrize(
        "fields",
        [
            {"attributes": {names.ENDING: "abandoned"}},
            {"attributes": {names.ENDING: "interrupted"}, "end": None},
            {"attributes": {names.ENDING: "error"}, "status": "ERROR"},
        ],
    )
    def test_partial_answers_are_marked(self, make: Make, fields: dict[str, object]) -> None:
        """Half an answer must not be read as the answer."""
        span = make(**fields)
        span.attributes[names.OUTPUT_MESSAGES] = said(("assistant", "half"))

        assert {"assistant (partial)": "half"} == rows(span)

    def test_whole_answers_are_not(self, make: Make) -> None:
        """A stream that was read to its end is one."""
        span = make({names.OUTPUT_MESSAGES: said(("assistant", "d")), names.ENDING: "drained"})

        assert {"assistant": "d"} == rows(span)

    def test_what_was_cut_says_so(self, make: Make) -> None:
        """A text that was too large to be kept is not taken for the whole."""
        span = make({names.TRUNCATED: [names.INPUT_MESSAGES]})

        assert {"cut": f"too large to be kept whole: {names.INPUT_MESSAGES}"} == rows(span)


class TestTools:
    def test_arguments_and_result(self, make: Make) -> None:
        """A bare result is shown bare."""
        span = make({names.TOOL_CALL_ARGUMENTS: '{"q":"ö"}', names.TOOL_CALL_RESULT: '{"result":"two"}'})

        assert {"arguments": 'q: "ö"', "result": "two"} == rows(span)

    def test_objects_are_results_as_well(self, make: Make) -> None:
        """By name and value."""
        assert {"result": "found: 2, more: false"} == rows(make({names.TOOL_CALL_RESULT: '{"found":2,"more":false}'}))


class TestRetrievals:
    DOCUMENTS = '[{"content":"first"},{"id":"b","score":0.5}]'

    def test_are_counted_and_begun(self, make: Make) -> None:
        """How many there were, then what they are."""
        span = make({names.RETRIEVAL_QUERY: "welder", names.RETRIEVAL_DOCUMENTS: self.DOCUMENTS})

        assert {"query": "welder", "documents": '2 found; first; {"id": "b", "score": 0.5}'} == rows(span)

    def test_full_has_a_line_for_each(self, make: Make) -> None:
        """All of them."""
        span = make({names.RETRIEVAL_DOCUMENTS: self.DOCUMENTS})

        assert rows(span, full=True)["documents"] == '2 found\nfirst\n{"id": "b", "score": 0.5}'


class TestOutputs:
    def test_an_agent_says_its_words_once(self, make: Make) -> None:
        """They stand on its span as a message as well."""
        span = make({names.OUTPUT_VALUE: "done", names.OUTPUT_MESSAGES: said(("assistant", "done"))})

        assert {"output": "done"} == rows(span)

    def test_an_answer_that_is_known_is_left_out(self, make: Make) -> None:
        """The model call inside shows it; in full it comes all the same."""
        span = make({names.OUTPUT_VALUE: "draft"})

        assert [{}, {"output": "draft"}, {"output": "draft"}] == [
            rows(span, known="draft"),
            rows(span, known="other"),
            rows(span, known="draft", full=True),
        ]

    def test_a_verdict_is_not_an_output_too(self, make: Make) -> None:
        """An evaluator's result was read already."""
        evaluator = {names.ROLE: "evaluator", names.OUTPUT_VALUE: '{"score":1}'}

        assert [{"output": '{"score":1}'}, {}] == [
            rows(make(evaluator)),
            rows(make(evaluator | {names.EVALUATION_SCORE: 1.0})),
        ]


class TestAnswerOf:
    def test_is_the_first_choice(self, make: Make) -> None:
        """Its words."""
        span = make({names.OUTPUT_MESSAGES: said(("assistant", "a"), ("assistant", "b"))})

        assert answer_of(span) == "a"

    @pytest.mark.parametrize("messages", [None, "[]", "no json", "{}"])
    def test_is_none_where_nothing_was_said(self, make: Make, messages: str | None) -> None:
        """Content may be off, or of another form."""
        assert answer_of(make({} if messages is None else {names.OUTPUT_MESSAGES: messages})) is None


class TestBrokenAttributes:
    @pytest.mark.parametrize(
        "value", ["", "no json", "[]", "{}", "7", "null", '[7, null, "x", {"parts": [7]}]', 7, True, [1]]
    )
    @pytest.mark.parametrize("full", [False, True])
    def test_any_value_is_shown_or_left_out(self, make: Make, *, value: object, full: bool) -> None:
        """What other libraries write never stops the command."""
        span = make(dict.fromkeys(names.NAMES, value))

        assert all(isinstance(text, str) for text in rows(span, full=full).values())
