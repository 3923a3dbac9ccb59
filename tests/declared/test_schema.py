from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace import decorators
from orchestrace.declared.document import node_of
from orchestrace.declared.entry import entry_of
from orchestrace.declared.schema import PATH, problems, schema

VALIDATOR = jsonschema.Draft202012Validator(schema())
ROLES = {
    "agent": decorators.AgentOptions,
    "evaluator": decorators.EvaluatorOptions,
    "generator": decorators.GeneratorOptions,
    "retriever": decorators.Options,
    "tool": decorators.Options,
    "workflow": decorators.Options,
}
OPTIONS = sorted({option for kind in ROLES.values() for option in kind.__optional_keys__})
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "a", "job.id", "a:b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "score", "a"]), inner),
    max_leaves=5,
)
TEXT = st.sampled_from(["x", "job.id", "1.4", "", "shop:f"])
MESSAGES = st.lists(st.fixed_dictionaries({"role": TEXT, "content": TEXT}), max_size=2)
PROMPT = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT,
        "version": TEXT,
        "template": TEXT | MESSAGES,
        "few_shot": st.lists(st.fixed_dictionaries({"input": TEXT, "output": TEXT}), max_size=2),
        "template_format": st.sampled_from(["braces", "braces", "jinja"]),
        "nmae": TEXT,
    },
)
FIELDS = st.sampled_from(["score", "passed", "scor"])
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(["name", "description", "method", "version", "key", "session", "user", "tenant"], TEXT),
    "config": TEXT | st.dictionaries(TEXT, TEXT, max_size=2),
    "inputs": st.lists(TEXT, max_size=2),
    "reference_only": st.lists(TEXT, max_size=2),
    "read": TEXT | st.dictionaries(FIELDS, TEXT, max_size=2),
    "reduce": st.sampled_from(["shop:f", "shop.f", "a.b:c.d"]),
    "prompt": PROMPT,
    "starts_iteration": st.booleans(),
    "rubric": TEXT | st.dictionaries(TEXT, TEXT, max_size=2),
    "kind": st.sampled_from(["llm", "lm"]),
}
TARGETS = st.sampled_from(["shop.agents:Crafter.run", "shop:f", "*:*", "shop.*:B+", "a:B+.c", "a:B.C+.d*"]) | (
    st.sampled_from(["shop.agents.run", "a:b:c", "a:B+c", ":a", "a:", "a:b..c", "a b:c", "a:B+.c.d", "a:+", ""])
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "target": TARGETS,
        "role": st.sampled_from([*ROLES, *ROLES, "agnt"]),
        "nonsense": TEXT,
        **{option: st.one_of(RIGHT[option], RIGHT[option], ANYTHING) for option in OPTIONS},
    },
)
OFTEN_RIGHT = st.sampled_from(list(ROLES)).flatmap(
    lambda role: st.fixed_dictionaries(
        {"target": st.just("shop:f"), "role": st.just(role)},
        optional={option: RIGHT[option] for option in ROLES[role].__optional_keys__},
    )
)
DOCUMENTS = st.fixed_dictionaries({"agents": st.lists(ENTRIES | OFTEN_RIGHT, max_size=3)}) | ANYTHING


def said(entry: Any) -> list[str]:
    """Return what is wrong with an entry."""
    return [one.words for one in problems(node_of({"agents": [entry]}))]


class TestSchema:
    def test_is_one(self) -> None:
        """As its own schema says; it is published beside the module that reads it."""
        VALIDATOR.check_schema(schema())

        assert schema() == json.loads(PATH.read_text(encoding="utf-8"))

    @pytest.mark.parametrize("role", ROLES)
    def test_each_role_has_the_options_of_its_decorator(self, role: str) -> None:
        """Under the same names, no more and no fewer."""
        assert {*ROLES[role].__optional_keys__, "target", "role"} == set(schema()["$defs"][role]["properties"])
        assert sorted(ROLES) == schema()["$defs"]["entry"]["properties"]["role"]["enum"]

    @given(OFTEN_RIGHT)
    def test_what_it_lets_pass_a_decorator_takes(self, entry: dict[str, Any]) -> None:
        """The decorators' own check finds nothing more."""
        if not said(entry):
            assert entry["role"] == entry_of(entry, None).declaration.role


class TestProblems:
    @given(DOCUMENTS)
    def test_judge_as_a_validator_of_json_schema_does(self, document: Any) -> None:
        """What one finds wrong the other does; the words are ours."""
        assert VALIDATOR.is_valid(document) == (not list(problems(node_of(document))))

    @pytest.mark.parametrize(
        ("entry", "words"),
        [
            (
                {"verison": "1"},
                "agents[0] is an agent, which has no 'verison'. Did you mean 'version'? It has: config,",
            ),
            ({"prompt": {}}, "agents[0] is an agent, which has no 'prompt'. Only generator has. It has: "),
            ({"role": "agnt"}, "agents[0].role is 'agnt'. Did you mean 'agent'? It should be what the target is"),
            ({"role": ["agent"]}, "agents[0].role is no text. It should be"),
            ({"version": 1.4}, 'agents[0].version is 1.4, a number: it should be a text in quotes, such as "1.4".'),
            ({"name": True}, 'If it is meant as a text, write it in quotes: "True".'),
            ({"key": None}, "agents[0].key is nothing: it should be a path over the arguments, such as 'job.id'."),
            ({"key": ""}, "agents[0].key is empty: it should be a path"),
            ({"inputs": "job"}, "agents[0].inputs is job, a text: it should be a list of names or paths"),
            ({"inputs": [1]}, "agents[0].inputs[0] is 1, a number"),
            ({"target": "shop.agents.run"}, "Did you mean 'shop.agents:run'?"),
            ({"target": "shop.agents.Crafter.run"}, "Did you mean 'shop.agents:Crafter.run'?"),
            ({"target": "a:f.<locals>.g"}, "What stands inside of a function cannot be named."),
            ({"target": 501 * "a"}, "agents[0].target is longer than 500 characters."),
            ({"reduce": "last"}, "it should be the module:name of a function"),
            ({"role": "evaluator", "read": {"scor": "x"}}, "agents[0].read has no 'scor'. Did you mean 'score'?"),
            ({"role": "evaluator", "kind": "lm"}, "agents[0].kind is 'lm'. Did you mean 'llm'?"),
            ({"role": "generator", "prompt": {"name": "x"}}, "agents[0].prompt has neither version nor template."),
            ({"role": "generator", "prompt": {"version": "1"}}, "agents[0].prompt has no name: a text, such as"),
            (
                {"role": "generator", "prompt": {"name": "x", "version": "1", "few_shot": []}},
                "agents[0].prompt has few_shot without template.",
            ),
            ({"role": "generator", "starts_iteration": "yes"}, "it should be true or false."),
        ],
    )
    def test_say_what_to_write_instead(self, entry: dict[str, Any], words: str) -> None:
        """One mistake, one message."""
        [found] = said({"target": "a:b", "role": "agent", **entry})

        assert words in found

    def test_all_mistakes_are_told(self) -> None:
        """Whoever corrects a file wants to do it once."""
        assert 3 == len(said({"role": "agnt", "version": 1}))

    @pytest.mark.parametrize("document", [None, [], "agents", {}, {"agents": {}}, {"agents": [None]}, {"agnts": []}])
    def test_what_is_no_agents_file(self, document: Any) -> None:
        """Its form is said."""
        assert list(problems(node_of(document)))
