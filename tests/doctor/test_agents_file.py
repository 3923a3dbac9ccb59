from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrace.declared.reading import VARIABLE
from orchestrace.doctor.agents_file import check, check_targets
from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.program import Seen
from orchestrace.settings import Settings


def target(**more: Any) -> dict[str, Any]:
    """Return what a process tells of a target."""
    told = {"target": "shop:craft", "place": "agents.yaml:2", "followed": 0, "decorated": 0, "refused": "", "why": ""}
    return {**told, "imported": True, **more}


def found(*processes: list[dict[str, Any]]) -> list[Finding]:
    """Return what is found in a program of some processes."""
    return list(check_targets(Seen(0, [{"agents": one} for one in processes])))


class TestCheck:
    def test_without_one_there_is_nothing_to_say(self) -> None:
        """Nobody needs it."""
        assert [] == list(check(Settings()))

    def test_one_that_can_be_followed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """How many targets it names, and who names it."""
        file = tmp_path / "agents.yaml"
        file.write_text("agents: [{target: 'a:b', role: tool}]", encoding="utf-8")
        monkeypatch.setenv(VARIABLE, str(file))
        several = {"agents": [{"target": f"a:{name}", "role": "tool"} for name in "bc"]}

        assert [Finding("agents", OK, f"{file} names 1 target (ORCHESTRACE_AGENTS)")] == list(check(Settings()))
        assert ["configure(agents=…) names 2 targets (agents=)"] == [
            one.what for one in check(Settings(agents=several))
        ]

    def test_all_that_is_wrong_with_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each where it stands."""
        file = tmp_path / "agents.yaml"
        file.write_text("agents:\n- target: a:b\n  role: agnt\n- role: tool\n", encoding="utf-8")
        monkeypatch.setenv(VARIABLE, str(file))
        one, other = check(Settings())

        assert (PROBLEM, f"{file}:3 (ORCHESTRACE_AGENTS) cannot be followed") == (one.state, one.what)
        assert ("agents[1] has no target", "Correct it.") == (other.why.partition(":")[0], other.do)


class TestCheckTargets:
    def test_all_appeared(self) -> None:
        """In one process or another: a server's workers import what the one above them does not."""
        absent = target(why="no module of that name was imported.", imported=False)
        [finding] = found([absent, target(target="shop:Base+.run", followed=3)], [target(followed=1)], [])

        assert (OK, "targets that appeared: 2 of 2, as 4 functions") == (finding.state, finding.what)

    def test_one_never_appeared(self) -> None:
        """It is a problem if its module was there; else the program may not need it."""
        [finding] = found([target(why="shop has no function or class 'craft'.")])
        [other] = found([target(why="no module of that name was imported.", imported=False)])

        assert (PROBLEM, "shop:craft (agents.yaml:2) never appeared") == (finding.state, finding.what)
        assert (WARNING, "no module of that name was imported.") == (other.state, other.why)

    def test_what_is_decorated_or_refused(self) -> None:
        """Where the file does not say what holds, that is told."""
        _, refused, decorated = found([target(followed=1, decorated=1, refused="b is an object of type X.")])

        assert (WARNING, "b is an object of type X.") == (refused.state, refused.why)
        assert (OK, "shop:craft (agents.yaml:2) is decorated") == (decorated.state, decorated.what)

    def test_a_program_without_one(self) -> None:
        """There is nothing to say."""
        assert [] == found([], []) == list(check_targets(Seen(0, [{}])))
