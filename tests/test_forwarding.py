from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.export.receiver import Receiver, resolve
from orchestrace.forwarding import Errand
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import FILE_NAME
from orchestrace.journal.journal import Journal
from orchestrace.records import LogRecord, SpanRecord
from orchestrace.testing import OtlpReceiver

Run = Callable[..., Errand]
Write = Callable[..., Journal]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet."""
    return tmp_path / "journal"


@pytest.fixture
def otlp(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpReceiver]:
    """Return a receiver that takes everything; one waits for no others."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
def errand(folder: Path, otlp: OtlpReceiver) -> Iterator[Run]:
    """Return what makes errands to the receiver."""
    made: list[Errand] = []

    def one() -> Errand:
        made.append(Errand(folder, target(otlp)))
        return made[-1]

    yield one
    for errand in made:
        errand.close()


@pytest.fixture
def write(folder: Path) -> Iterator[Write]:
    """Return what writes a span of a name, as one program does that lives until the test ends."""
    made: list[Journal] = []

    def one(name: str, receiver: Addressee | None = None, *, withheld: bool = False) -> Journal:
        journal = Journal(folder, resource={"service.name": "shop"}, receiver=receiver, withheld=withheld)
        made.append(journal)
        journal.ended(span(name))
        return journal

    yield one
    for journal in made:
        journal.close()


def target(otlp: OtlpReceiver) -> Receiver:
    """Return a receiver as it is configured."""
    found = resolve(endpoint=otlp.endpoint)
    assert found is not None
    return found


def span(name: str, start: int = 1) -> SpanRecord:
    """Return a span that has ended."""
    return SpanRecord("a" * 32, name.encode().hex().ljust(16, "0")[:16], None, name, 0, start, start + 1)


def names(otlp: OtlpReceiver) -> list[str]:
    """Return the names of what has arrived."""
    return sorted(one.name for one in otlp.spans)


class TestRun:
    def test_sends_what_nobody_else_sends(self, errand: Run, write: Write, otlp: OtlpReceiver) -> None:
        """Of a program without a receiver that lives, and of those that are gone; not what is withheld."""
        write("lives")
        write("gone").close()
        write("gone with a wrong address", Addressee("0f", "http://nowhere")).close()
        write("lives with a receiver", Addressee("1f", "http://elsewhere"))
        write("withheld", withheld=True).close()
        one = errand()

        assert (0, 3) == (one.run(30), one.delivered)
        assert ["gone", "gone with a wrong address", "lives"] == names(otlp)
        assert [{"service.name": "shop"}] == otlp.resources

    def test_sends_what_was_meant_for_its_own_receiver(self, errand: Run, write: Write, otlp: OtlpReceiver) -> None:
        """With the log records."""
        known = target(otlp)
        journal = write("gone", Addressee(known.id, known.destination))
        journal.logged(LogRecord(5, 5, "judged"))
        journal.close()

        assert (0, ["gone"], 1) == (errand().run(30), names(otlp), len(otlp.logs))

    def test_nothing_twice(self, errand: Run, write: Write, otlp: OtlpReceiver) -> None:
        """A second errand finds nothing to do."""
        write("one").close()
        first = errand()
        found = [first.run(30), first.delivered]
        first.close()
        second = errand()
        found += [second.run(30), second.delivered]

        assert ([0, 1, 0, 0], [], ["one"]) == (found, otlp.twice, names(otlp))

    def test_tells_how_much_waits_when_the_time_is_over(self, errand: Run, write: Write, otlp: OtlpReceiver) -> None:
        """It stays where it is, for the next one."""
        write("one").close()
        otlp.stop()
        one = errand()
        waiting = one.run(0.3)
        one.close()
        otlp.start()

        assert (1, 0, ["one"]) == (waiting, errand().run(30), names(otlp))

    def test_of_nothing_is_quick(self, errand: Run, otlp: OtlpReceiver, folder: Path) -> None:
        """A folder is made: programs may begin to write into it."""
        assert (0, [], True) == (errand().run(30), otlp.asked, folder.is_dir())

    def test_goes_on_until_it_is_stopped(self, folder: Path, write: Write, otlp: OtlpReceiver) -> None:
        """What is written meanwhile is sent, too."""
        stop, ended = threading.Event(), threading.Event()

        def work() -> None:
            with closing(Errand(folder, target(otlp))) as one:
                one.run(None, stop)
            ended.set()

        thread = threading.Thread(target=work)
        thread.start()
        journal = write("first")
        first = len(otlp.wait(1))
        journal.ended(span("second", start=10))
        second = len(otlp.wait(2))
        stop.set()
        thread.join(30)

        assert (1, 2, True) == (first, second, ended.is_set())

    def test_a_folder_that_was_deleted_is_begun_anew(
        self, errand: Run, write: Write, otlp: OtlpReceiver, folder: Path
    ) -> None:
        """What is written afterwards is not read into a file that nobody will ever find."""
        write("one").close()
        one = errand()
        before = one.run(30)
        shutil.rmtree(folder)
        write("two").close()

        assert (0, 0, ["one", "two"]) == (before, one.run(30), names(otlp))
        assert (folder / FILE_NAME).is_file()

    def test_a_database_that_is_damaged_meanwhile_is_put_away(
        self, errand: Run, write: Write, otlp: OtlpReceiver, folder: Path
    ) -> None:
        """As by everybody who writes: whoever runs beside programs must not end with their file."""
        write("one").close()
        one = errand()
        before = one.run(30)
        path = folder / FILE_NAME
        one._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
        one._database.execute("PRAGMA shrink_memory")  # what it has read it would not read again
        one.run(0)
        write("two").close()

        assert (0, 0, ["one", "two"]) == (before, one.run(30), names(otlp))
        assert 1 == len([*folder.glob("journal.db.damaged-*[0-9]")])
