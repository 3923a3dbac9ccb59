from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace import Example, Prompt
from orchestrace.exceptions import PromptError
from orchestrace.jinja_template import JinjaTemplate
from orchestrace.template import Shown


def jinja(template: Any, **options: Any) -> Prompt[Any]:
    """Return a prompt that is written for Jinja2."""
    return Prompt("p", template, template_format="jinja2", **options)


class TestVariables:
    @pytest.mark.parametrize(
        ("template", "variables", "optional"),
        [
            ("", (), set()),
            ("{x} {{ y.z }} {{ a }} {{ y }}", ("y", "a"), set()),
            ("{% for job in jobs %}{{ job.title }} {{ loop.index }}{% endfor %}", ("jobs",), set()),
            ("{% set x = 1 %}{{ x }} {{ range(3) }}", (), set()),
            ("{% if feedback is defined %}{{ feedback }}{% endif %}", ("feedback",), {"feedback"}),
            ("{{ tone | default('kind') }}{{ tone | d('x') }} {{ who }}", ("tone", "who"), {"tone"}),
            ([{"role": "{{ a }}", "content": [{"text": "{{ b }}"}, 3]}], ("a", "b"), set()),
            ("{# {{ nobody }} #}{% raw %}{{ nobody }}{% endraw %}", (), set()),
        ],
    )
    def test_are_what_a_text_looks_up(self, template: object, variables: tuple[str, ...], optional: set[str]) -> None:
        """In order of appearance; what is asked for, or has a default, may be missing."""
        read = JinjaTemplate(template, "p")

        assert (variables, optional) == (read.variables, read.optional)


class TestRender:
    @pytest.mark.parametrize(
        "text",
        [
            "Hi {{ name }}\n",
            "{{ name }}\r\n\n",
            "{% for x in name %}{{ x }},{% endfor %}",
            "{{ name | upper }} & <b>",
            "",
        ],
    )
    def test_is_what_jinja_renders(self, text: str) -> None:
        """To the last line break, and nothing is escaped."""
        exact = jinja2.Environment(keep_trailing_newline=True).from_string(text)  # noqa: S701 - a prompt is no page
        variables = {} if not jinja(text).variables else {"name": "Ada & <Bo>"}

        assert exact.render(variables) == jinja(text).render(**variables)

    @given(text=st.text(alphabet=st.characters(exclude_characters="{\r", exclude_categories=["Cs"])))
    def test_a_text_without_variables_is_itself(self, text: str) -> None:
        """Whatever stands in it; Jinja2 makes every line break the one of Unix."""
        assert text == jinja(text).render()

    @given(value=st.text())
    def test_a_value_is_not_looked_at(self, value: str) -> None:
        """A brace in it is text."""
        assert f"<{value}>" == jinja("<{{ x }}>").render(x=value)

    def test_messages_are_copied_deeply(self) -> None:
        """What is no text stays as it is."""
        prompt = jinja([{"role": "user", "content": [{"type": "text", "text": "{{ x }}"}], "n": 3}])
        prompt.render(x="a")[0]["content"].clear()

        assert [{"role": "user", "content": [{"type": "text", "text": "b"}], "n": 3}] == prompt.render(x="b")

    @pytest.mark.parametrize(
        ("template", "variables", "words"),
        [
            ("{{ a }}{{ b }}", {"a": 1, "c": 2}, "Missing: b. Surplus: c. It takes: a, b."),
            ("{% if a %}{{ b }}{% endif %}", {"a": 0}, "Missing: b. Surplus: none."),
            ("{{ a.name }}", {"a": {}}, "has no attribute 'name'"),
            ("{{ a.__class__ }}", {"a": 1}, "is unsafe"),
            ("{{ a.append(1) }}", {"a": []}, "is not safely callable|is unsafe|not allowed"),
        ],
    )
    def test_what_does_not_fit_is_an_error(self, template: str, variables: dict[str, object], words: str) -> None:
        """Too few, too many, a path that leads nowhere, and what the sandbox forbids."""
        with pytest.raises(PromptError, match=words):
            jinja(template).render(**variables)

    def test_what_may_be_missing(self) -> None:
        """The template has said so itself."""
        prompt = jinja("Hi{% if who is defined %} {{ who }}{% endif %}{{ mark | default('.') }}")

        assert ["Hi.", "Hi Ada!"] == [prompt.render(), prompt.render(who="Ada", mark="!")]

    def test_an_error_of_the_program_is_its_own(self) -> None:
        """A property that fails is no fault of the prompt."""

        class Broken:
            @property
            def name(self) -> str:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            jinja("{{ a.name }}").render(a=Broken())

    def test_threads_render_at_once(self) -> None:
        """Each its own."""
        prompt = jinja("{% for n in numbers %}{{ n }} {% endfor %}")
        with ThreadPoolExecutor(8) as pool:
            rendered = list(pool.map(lambda n: prompt.render(numbers=range(n)), range(200)))

        assert ["".join(f"{n} " for n in range(count)) for count in range(200)] == rendered


class TestFewShot:
    SHOWN = (Example("a", "b"), Example({"c": 1}, "d"))

    def test_a_template_shows_them_as_it_likes(self) -> None:
        """One by one, or all as a text."""
        prompt = jinja("{% for one in few_shot %}{{ one.input }}={{ one.output }} {% endfor %}", few_shot=self.SHOWN)

        assert "a=b {'c': 1}=d " == prompt.render()
        assert str(Shown(self.SHOWN)) == jinja("{{ few_shot }}", few_shot=self.SHOWN).render()

    def test_without_a_place_messages_get_them_as_pairs(self) -> None:
        """As those of any other template."""
        messages = jinja([{"role": "user", "content": "{{ q }}"}], few_shot=self.SHOWN).render(q="x")

        assert ["a", "b", '{"c": 1}', "d", "x"] == [message["content"] for message in messages]


class TestMisuse:
    @pytest.mark.parametrize(
        ("template", "words"),
        [
            ("a\n{{ x ", "line 2: unexpected end of template"),
            ("{% if x %}", "Jinja2 cannot read the template"),
            ("{{ x | nofilter }}", "No filter named 'nofilter'"),
            ("\n{% include 'other' %}", "line 2 needs another template .include."),
            ("{% extends 'other' %}", "needs another template .extends."),
            ("{% from 'other' import x %}", "needs another template"),
        ],
    )
    def test_what_cannot_be_read_is_an_error_at_once(self, template: str, words: str) -> None:
        """Where the prompt is made, not when an agent runs."""
        with pytest.raises(PromptError, match=words):
            jinja(template)

    def test_where_it_is_not_installed_the_error_says_what_to_install(self) -> None:
        """Other prompts are as ever."""
        program = (
            "import sys; sys.modules['jinja2'] = None\n"
            "from orchestrace import Prompt\n"
            "print(Prompt('p', '{x}').render(x=1))\n"
            "try: Prompt('p', 'x', template_format='jinja2')\n"
            "except Exception as error: print(type(error).__name__, error)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

        assert [
            "1",
            (
                "PromptError Prompt 'p' has template_format='jinja2', and Jinja2 is not installed: "
                "pip install 'orchestrace[jinja2]'."
            ),
        ] == done.stdout.splitlines()


class TestCopies:
    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda prompt: pickle.loads(pickle.dumps(prompt))])  # noqa: S301
    def test_a_copy_renders_the_same(self, copied: Any) -> None:
        """A prompt goes to another process with its agent."""
        prompt = jinja("Hi {{ name }}", version="3")

        assert ("Hi Ada", prompt.hash) == (copied(prompt).render(name="Ada"), copied(prompt).hash)
