from __future__ import annotations

import sys
from typing import Any

import pytest

from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.program import Seen
from orchestrace.doctor.wiring import check, settings_of
from orchestrace.settings import Settings

CONFIGURED = {"what": "configure", "provider": None, "settings": {}}
MISSED = {"host": "api.openai.com", "path": "/v1/responses", "caller": "app.py:7"}


def report(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a witness may have seen, in a program that imports the package and calls a model."""
    told = {
        "executable": sys.executable,
        "prefix": sys.prefix,
        "imported": True,
        "decorated": 0,
        "calls": 1,
        "missed": [],
    }
    return {**told, "events": list(events), **more}


def found(*reports: dict[str, Any], code: int = 0) -> dict[str, Finding]:
    """Return what is found, by what it says."""
    return {one.what: one for one in check(Seen(code, list(reports)))}


class TestCheck:
    def test_all_is_well(self) -> None:
        """Set up, and followed."""
        assert {OK} == {one.state for one in found(report(CONFIGURED)).values()}

    def test_configure_was_never_called(self) -> None:
        """Decorators alone record nothing."""
        finding = found(report(decorated=3))["configure() was never called"]

        assert (PROBLEM, "Decorators are there (3), but nothing is recorded.") == (finding.state, finding.why)

    def test_one_process_of_several_configures(self) -> None:
        """A server's workers do, the process above them need not."""
        assert "configure() was called" in found(report(decorated=3), report(CONFIGURED))

    def test_instrument_alone(self) -> None:
        """That may be meant."""
        finding = found(report({"what": "instrument", "imported": []}))["configure() was never called"]

        assert WARNING == finding.state

    def test_the_package_is_not_used(self) -> None:
        """Its being installed does nothing."""
        finding = found(report(imported=False, calls=0))["nothing is recorded"]

        assert (PROBLEM, "The program does not import orchestrace.") == (finding.state, finding.why)

    def test_nobody_was_there_to_see(self) -> None:
        """It cannot be told, and so is no problem."""
        assert WARNING == found()["the program could not be looked into"].state

    @pytest.mark.parametrize(
        ("tapped", "what"), [(False, "model calls too early: 1"), (True, "model calls past us: 1")]
    )
    def test_calls_that_were_missed(self, *, tapped: bool, what: str) -> None:
        """Where they come from is said."""
        finding = found(report(CONFIGURED, missed=[{**MISSED, "tapped": tapped}]))[what]

        assert (PROBLEM, True) == (finding.state, "app.py:7 to api.openai.com" in finding.why)

    def test_a_provider_that_comes_late(self) -> None:
        """It does not get all that it may expect."""
        late = {"what": "provider", "provider": "TracerProvider"}

        assert WARNING == found(report(CONFIGURED, late))["the program's TracerProvider comes late"].state
        assert {OK} == {one.state for one in found(report(late, {**CONFIGURED, "provider": "TracerProvider"})).values()}

    def test_another_python(self) -> None:
        """What is installed here says nothing about it."""
        one = report(CONFIGURED, executable="/other/bin/python", prefix="/other")

        assert WARNING == found(one)["it ran with /other/bin/python"].state

    def test_how_it_ended(self) -> None:
        """A program that failed has not shown everything."""
        assert [WARNING, WARNING] == [
            found(report(CONFIGURED), code=1)["it ended with exit code 1"].state,
            found(report(CONFIGURED), code=-9)["it ended by signal 9"].state,
        ]


class TestSettingsOf:
    def test_the_command_goes_before_the_program(self) -> None:
        """What is typed is what is tried; the rest is the program's."""
        said = {"endpoint": "http://receiver:4318", "headers": {"x-key": "v"}}
        seen = Seen(0, [report(), report({**CONFIGURED, "settings": said})])
        settings = settings_of(seen, Settings(endpoint="http://other:4318"))

        assert ("http://other:4318", {"x-key": "v"}) == (settings.endpoint, settings.headers)
