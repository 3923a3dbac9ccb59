from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrace.declared.reading import VARIABLE, named, read, source_of, wrongs
from orchestrace.exceptions import ConfigurationError

GOOD = """\
agents:
  - target: shop:Crafter.run
    role: agent
    version: "1.4"
  - target: shop:judge
    role: evaluator
    read: {score: rating}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of an agents file."""
    path = tmp_path / "agents.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


class TestRead:
    def test_a_file_and_a_mapping_say_the_same(self, file: Path) -> None:
        """By a path of either kind, or as data."""
        data = {
            "agents": [
                {"target": "shop:Crafter.run", "role": "agent", "version": "1.4"},
                {"target": "shop:judge", "role": "evaluator", "read": {"score": "rating"}},
            ]
        }

        assert read(file) == read(str(file)) == read(data)
        assert ([2, 5], [None, None]) == (
            [one.line for one in read(file).entries],
            [one.line for one in read(data).entries],
        )

    def test_all_that_is_wrong_is_said_with_its_line(self, file: Path) -> None:
        """Each on a line of its own."""
        file.write_text(GOOD.replace("agent\n", "agnt\n").replace("score", "scor"), encoding="utf-8")
        with pytest.raises(ConfigurationError, match=f"^{re.escape(str(file))}:3: .*'agnt'.*\n.*yaml:7: .*'scor'"):
            read(file)

    def test_a_mapping_is_named_by_the_argument(self) -> None:
        """It has no lines."""
        with pytest.raises(ConfigurationError, match=re.escape("configure(agents=…): agents[0] has no target")):
            read({"agents": [{"role": "tool"}]})

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (
                GOOD + GOOD.partition("\n")[2],
                ":8: agents[2].target 'shop:Crafter.run' stands twice, here and on line 2",
            ),
            ("agents:\n - {target: a:b, role: tool, name: x}\n - *x", ":3: *x: anchors and aliases"),
            ("- target: a:b", ":1: the document is a list"),
            (f"agents: [{300_000 * ' '}]", ": it is larger than 256 KiB."),
        ],
    )
    def test_what_no_schema_can_say(self, text: str, words: str, file: Path) -> None:
        """Is checked as well."""
        file.write_text(text, encoding="utf-8")

        assert words in "\n".join(wrongs(file))

    def test_a_file_that_cannot_be_read(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Says where it was looked for."""
        monkeypatch.chdir(file.parent)

        assert [f"other.yaml: there is no such file in {file.parent}."] == wrongs("other.yaml")
        assert [f"{file.parent}: it cannot be read: Is a directory."] == wrongs(file.parent)
        assert ["a\0b: it cannot be read: embedded null byte."] == wrongs("a\0b")
        assert [] == wrongs("agents.yaml")

    def test_home_is_known(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As for the journal."""
        monkeypatch.setenv("HOME", str(file.parent))

        assert [] == wrongs("~/agents.yaml")


class TestDocuments:
    @pytest.mark.parametrize("document", ["README.md", "docs/agents-file.md"])
    def test_files_that_are_shown_can_be_followed(self, document: str, file: Path) -> None:
        """Whoever copies one has one that works."""
        text = (Path(__file__).parents[2] / document).read_text(encoding="utf-8")
        shown = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        for one in shown:
            file.write_text(one, encoding="utf-8")

            assert [] == wrongs(file)
        assert shown


class TestNamed:
    def test_what_is_given_goes_before_the_variable(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With neither, nothing is declared."""
        given = {"agents": []}
        assert named(None) is None
        monkeypatch.setenv(VARIABLE, f" {file} ")

        assert (str(file), given) == (source_of(None), source_of(given))
        assert read(file) == named(None)
        assert read(given) == named(given) == named(read(given))

    def test_an_empty_variable_is_an_unset_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As every variable."""
        monkeypatch.setenv(VARIABLE, " ")

        assert named(None) is None
