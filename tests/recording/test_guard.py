from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from orchestrace.recording import guard
from orchestrace.recording.guard import faults, guarded, report


class Unprintable(Exception):  # noqa: N818 - named for what it is
    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Begin with no faults, and forget those of the test."""
    kept = guard._faults.copy(), dict(guard._last_said)
    guard._faults.clear()
    guard._last_said.clear()
    yield
    guard._faults.clear()
    guard._faults.update(kept[0])
    guard._last_said.clear()
    guard._last_said.update(kept[1])


@guarded("hook", "default")
def hook(error: BaseException | None = None) -> str:
    """Do what a hook does."""
    if error is not None:
        raise error
    return "value"


class TestGuarded:
    def test_a_hook_that_works_is_as_if_unguarded(self) -> None:
        """Its value is returned, its name and documentation are kept."""
        assert ("value", "hook", "Do what a hook does.") == (hook(), hook.__name__, hook.__doc__)
        assert {} == faults()

    def test_a_fault_becomes_the_default(self, caplog: pytest.LogCaptureFixture) -> None:
        """The program sees the default, and one line with the traceback says what happened."""
        value = hook(ValueError("no"))

        assert "default" == value
        assert {"hook": 1} == faults()
        assert ["WARNING"] == [record.levelname for record in caplog.records]
        assert "hook failed (ValueError: no)" in caplog.text
        assert "Traceback" in caplog.text

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()], ids=repr)
    def test_what_is_no_exception_passes(self, error: BaseException) -> None:
        """It was meant for the user's program."""
        with pytest.raises(type(error)):
            hook(error)

        assert {} == faults()


class TestReport:
    def test_further_faults_of_one_place_are_only_counted(self, caplog: pytest.LogCaptureFixture) -> None:
        """A hook that fails at every call does not fill the log."""
        for _ in range(100):
            report("here", ValueError())
        report("there", ValueError())

        assert {"here": 100, "there": 1} == faults()
        assert 2 == len(caplog.records)

    def test_after_a_minute_it_is_said_again(self, caplog: pytest.LogCaptureFixture) -> None:
        """A fault that lasts is not forgotten."""
        report("here", ValueError("first"))
        guard._last_said["here"] -= 61
        report("here", ValueError("second"))

        assert ["first" in caplog.text, "second" in caplog.text] == [True, True]

    def test_an_error_without_words_is_reported(self, caplog: pytest.LogCaptureFixture) -> None:
        """Its `__str__` may raise; then nothing is printed by the logging module either."""
        report("here", Unprintable())

        assert "here failed (Unprintable: no words)" in caplog.text

    def test_a_logging_handler_may_come_back(self) -> None:
        """A handler that is instrumented itself ends up here again."""
        logger = logging.getLogger("orchestrace")

        class Returning(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                report("from the handler", ValueError(record.msg))
                report("here", ValueError("again"))
                raise ZeroDivisionError

        handler = Returning()
        logger.addHandler(handler)
        try:
            report("here", ValueError())
        finally:
            logger.removeHandler(handler)

        assert {"here", "from the handler"} == set(faults())

    def test_threads_say_one_place_once(self, caplog: pytest.LogCaptureFixture) -> None:
        """Also when they all fail at once."""
        ready = threading.Barrier(8)

        def fail() -> None:
            ready.wait()
            report("here", ValueError())

        threads = [threading.Thread(target=fail) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert 1 == len(caplog.records)

    def test_the_counts_are_a_copy(self) -> None:
        """Whoever reads them cannot change them."""
        faults()["here"] = 7

        assert {} == faults()
