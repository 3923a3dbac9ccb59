from __future__ import annotations

import os

import pytest

from orchestrace.recording.variable import Variable

NAME = "ORCHESTRACE_TEST_OF_A_VARIABLE"


class TestVariable:
    def test_is_empty_where_it_is_unset(self) -> None:
        """As one that is set to nothing."""
        assert "" == Variable(NAME)()

    def test_says_its_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without blanks around it, and in lower case."""
        variable = Variable(NAME)
        monkeypatch.setenv(NAME, " True ")

        assert "true" == variable()

    def test_is_asked_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A program may set it, and take it back, while it runs."""
        variable = Variable(NAME)
        said = [variable()]
        monkeypatch.setenv(NAME, "a")
        said.append(variable())
        monkeypatch.delenv(NAME)

        assert ["", "a", ""] == [*said, variable()]

    def test_an_environment_that_was_replaced_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tests of programs put a dictionary in its place."""
        variable = Variable(NAME)
        monkeypatch.setattr(os, "environ", {NAME: "a"})

        assert "a" == variable()
