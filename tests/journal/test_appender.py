from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.journal.appender import Appender
from orchestrace.journal.frames import FRAME, SegmentReader
from orchestrace.journal.lock import is_held
from orchestrace.journal.segment import SUFFIX

KILLED = """
import sys
from pathlib import Path
from orchestrace.journal.appender import Appender
appender = Appender(Path(sys.argv[1]), lambda: b"first", size=4096)
for number in range(1000):
    appender.append(b"%d" % number)
print("written", flush=True)
sys.stdin.read()
"""
FORKED = """
import os, sys
from pathlib import Path
from orchestrace.journal.appender import Appender
appender = Appender(Path(sys.argv[1]), lambda: b"first %d" % os.getpid())
appender.append(b"parent before")
child = os.fork()
if child == 0:
    appender.append(b"child")
    os._exit(appender.appended)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
appender.append(b"parent after")
appender.close()
print(os.getpid(), child)
"""
FORKED_AWAY = """
import os, sys
from pathlib import Path
from orchestrace.journal.appender import Appender
appender = Appender(Path(sys.argv[1]), lambda: b"first")
appender.append(b"parent")
if os.fork() == 0:
    print("child lives", flush=True)
    sys.stdin.read()
else:
    os.kill(os.getpid(), 9)
"""
FORKED_LOCKED = """
import os, sys, threading
from pathlib import Path
from orchestrace.journal.appender import Appender
inside, done = threading.Event(), threading.Event()
def first():
    inside.set()
    done.wait()
    return b"first"
appender = Appender(Path(sys.argv[1]), first)
writer = threading.Thread(target=appender.append, args=(b"parent",))
writer.start()
inside.wait()
child = os.fork()
if child == 0:
    done.set()
    appender.append(b"child")
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
done.set()
writer.join()
appender.close()
"""


@pytest.fixture
def appender(folder: Path) -> Iterator[Appender]:
    """Return an appender with small segments."""
    made = Appender(folder, lambda: b"first", size=1024)
    yield made
    made.close()


def read(folder: Path) -> list[list[bytes]]:
    """Return the payloads of every segment, oldest first."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with path.open("rb") as file:
            found.append(list(SegmentReader(file)))
    return found


def appended(folder: Path) -> list[bytes]:
    """Return what was appended, in order."""
    assert all(payloads[0] == b"first" for payloads in read(folder))
    return [payload for payloads in read(folder) for payload in payloads[1:]]


class TestAppend:
    def test_opens_nothing_before_it_is_called(self, appender: Appender, folder: Path) -> None:
        """A process that records nothing leaves no trace."""
        appender.prepare()

        assert False is folder.exists()

    def test_makes_the_folder_for_its_owner_alone(self, appender: Appender, folder: Path) -> None:
        """With everything above it."""
        appender.append(b"one")

        assert 0o700 == folder.stat().st_mode & 0o777

    @given(st.lists(st.binary(min_size=1, max_size=3000), max_size=12))
    @settings(deadline=None, max_examples=50)
    def test_what_was_appended_is_there_in_order(self, payloads: list[bytes]) -> None:
        """In as many segments as it takes; what is larger than one gets one that is large enough."""
        with TemporaryDirectory() as place:
            appender = Appender(Path(place), lambda: b"first", size=1024)
            for payload in payloads:
                appender.append(payload)
                appender.prepare()

            assert payloads == appended(Path(place))
            assert len(payloads) == appender.appended
            appender.close()

    def test_a_full_segment_is_ended(self, appender: Appender, folder: Path) -> None:
        """By then the one that follows is there: a living process is never without."""
        for number in range(200):
            appender.append(b"payload %04d" % number)
        ended = []
        for path in sorted(folder.iterdir()):
            with path.open("rb") as file:
                reader = SegmentReader(file)
                list(reader)
                ended.append(reader.ended)

        assert [True] * (len(ended) - 1) + [False] == ended
        assert len(ended) > 2

    def test_threads_do_not_mix(self, folder: Path) -> None:
        """Each thread's payloads are whole, and in its order."""
        appender = Appender(folder, lambda: b"first", size=4096)
        gate = threading.Barrier(8)

        def write(name: int) -> None:
            gate.wait()
            for number in range(200):
                appender.append(b"%d %d" % (name, number))

        threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        appender.close()
        found = [tuple(map(int, payload.split())) for payload in appended(folder)]

        assert {name: list(range(200)) for name in range(8)} == {
            name: [number for one, number in found if one == name] for name in range(8)
        }

    def test_a_killed_process_has_lost_nothing(self, folder: Path, launch: Callable[..., Popen[str]]) -> None:
        """All that `append` returned for is in the files, across segments."""
        writer = launch(KILLED, folder)
        assert writer.stdout.readline() == "written\n"
        writer.kill()
        writer.wait()

        assert [b"%d" % number for number in range(1000)] == appended(folder)

    def test_coming_back_on_the_same_thread_is_no_deadlock(self, folder: Path) -> None:
        """A span that the garbage collector ends while another is being written is written after it."""
        numbers = count()

        def first() -> bytes:
            if next(numbers) == 0:
                appender.append(b"from inside")
            return b"first"

        appender = Appender(folder, first)
        appender.append(b"outer")
        appender.close()

        assert [b"outer", b"from inside"] == appended(folder)

    def test_a_finaliser_may_append(self, appender: Appender, folder: Path) -> None:
        """Wherever the collector runs."""

        class Span:
            def __init__(self) -> None:
                self.itself = self

            def __del__(self) -> None:
                appender.append(b"dropped")

        for _ in range(10):
            Span()
            appender.append(b"kept")
        gc.collect()

        assert (10, 10) == (appended(folder).count(b"dropped"), appended(folder).count(b"kept"))


class TestRefusal:
    def test_a_folder_that_cannot_be_is_an_error(self, tmp_path: Path) -> None:
        """For whoever called: nothing is kept back to be tried later."""
        (tmp_path / "file").touch()
        appender = Appender(tmp_path / "file" / "journal", lambda: b"first")
        with pytest.raises(OSError, match="Not a directory"):
            appender.append(b"one")

        assert 0 == appender.appended

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
    def test_a_read_only_folder_is_an_error(self, folder: Path) -> None:
        """As any other that cannot be written."""
        folder.mkdir(mode=0o500)
        with pytest.raises(PermissionError):
            Appender(folder, lambda: b"first").append(b"one")

    def test_is_not_asked_for_again_at_once(self, tmp_path: Path) -> None:
        """Trying costs every caller time; the error is the same without."""
        (tmp_path / "file").touch()
        appender = Appender(tmp_path / "file" / "journal", lambda: b"first")
        with pytest.raises(OSError, match="Not a directory"):
            appender.append(b"one")
        (tmp_path / "file").unlink()
        with pytest.raises(OSError, match="Not a directory"):
            appender.append(b"two")

        assert False is (tmp_path / "file").exists()

    def test_is_over_at_once_for_whoever_asks_again(self, tmp_path: Path) -> None:
        """A process that ends has no time to wait."""
        (tmp_path / "file").touch()
        appender = Appender(tmp_path / "file" / "journal", lambda: b"first")
        with pytest.raises(OSError, match="Not a directory"):
            appender.append(b"one")
        (tmp_path / "file").unlink()
        appender.try_again()
        appender.append(b"two")
        appender.close()

        assert [b"two"] == appended(tmp_path / "file" / "journal")

    def test_is_over_when_the_cause_is(self, tmp_path: Path) -> None:
        """After a few seconds it is tried again."""
        (tmp_path / "file").touch()
        appender = Appender(tmp_path / "file" / "journal", lambda: b"first")
        with pytest.raises(OSError, match="Not a directory"):
            appender.append(b"one")
        (tmp_path / "file").unlink()
        appender._retry_at = 0.0
        appender.append(b"two")
        appender.close()

        assert [b"two"] == appended(tmp_path / "file" / "journal")

    def test_of_one_payload_loses_no_other(self, folder: Path) -> None:
        """What came from inside and waited behind it is written all the same."""
        numbers = count()

        def first() -> bytes:
            if next(numbers) == 0:
                appender.append(b"from inside")
                raise OSError
            return b"first"

        appender = Appender(folder, first)
        with pytest.raises(OSError, match=r"^$"):
            appender.append(b"outer")
        appender.close()

        assert [b"from inside"] == appended(folder)

    def test_of_what_waited_is_not_that_of_the_outer_one(self, folder: Path) -> None:
        """Which was written: whoever wants to keep the other is told which it is, and only of that."""
        appender, told = Appender(folder, lambda: b"first", size=1024), []

        class Outer(bytes):
            """A payload in whose writing the garbage collector runs."""

            def __len__(self) -> int:
                if not told:
                    told.append(("within", None, 0))
                    appender.append(b"z" * 5000, 1, 7, "too large")
                    appender.append(b"small", 1, 0, "fits")
                return super().__len__()

        appender.append(b"before")
        appender.refused = lambda error, source, room: told.append((type(error).__name__, source, room))
        folder.rename(folder.with_name("moved"))
        folder.touch()  # a file: no segment can be made
        appender.append(Outer(b"outer"), 1, 0, "outer")
        appender.close()

        assert [("within", None, 0), ("FileExistsError", "too large", 7)] == told
        assert ([b"before", b"outer", b"small"], 3) == (appended(folder.with_name("moved")), appender.ends)

    def test_of_a_large_payload_keeps_the_segment_that_was_prepared(self, folder: Path) -> None:
        """What is smaller still goes there."""
        appender = Appender(folder, lambda: b"first", size=1024)
        appender.append(b"x" * 800)
        appender.prepare()
        folder.rename(folder.with_name("moved"))
        folder.touch()  # a file: no segment can be made
        with pytest.raises(FileExistsError):
            appender.append(b"x" * 5000)
        appender.append(b"y" * 500)
        appender.close()

        assert [b"x" * 800, b"y" * 500] == appended(folder.with_name("moved"))


class TestRoom:
    @pytest.fixture
    def full(self, folder: Path) -> Iterator[Callable[[Appender], None]]:
        """Return what makes an appender's folder one in which no segment can be made."""

        def refuse(appender: Appender) -> None:
            folder.rename(folder.with_name("moved"))
            folder.touch()
            with pytest.raises(FileExistsError):
                appender.append(b"x" * 5000)

        yield refuse
        folder.unlink()
        folder.with_name("moved").rename(folder)

    def test_that_is_kept_is_there_on_a_full_disk(
        self, appender: Appender, full: Callable[[Appender], None], folder: Path
    ) -> None:
        """However much is written meanwhile: for just so many bytes, and for nobody else."""
        for number in range(4):
            appender.append(b"start %d" % number, room=2 * (FRAME.size + 32))
        full(appender)
        with suppress(FileExistsError):
            while True:
                appender.append(b"filling")
        for number in range(8):
            appender.append(b"notice %025d" % number, room=-(FRAME.size + 32))
        with pytest.raises(FileExistsError):
            appender.append(b"notice %025d" % 9)
        appender.close()

        assert [b"notice %025d" % number for number in range(8)] == appended(folder.with_name("moved"))[-8:]

    def test_is_in_whatever_segment_is_written_to(
        self, appender: Appender, full: Callable[[Appender], None], folder: Path
    ) -> None:
        """Also in one that was prepared, or that is as large as a payload."""
        appender.append(b"start", room=700)
        appender.prepare()
        appender.append(b"x" * 400)
        appender.append(b"y" * 4000)
        full(appender)
        appender.append(b"z" * 692, room=-700)
        appender.close()

        assert [b"start", b"x" * 400, b"y" * 4000, b"z" * 692] == appended(folder.with_name("moved"))

    def test_that_is_given_up_is_for_everybody(
        self, appender: Appender, full: Callable[[Appender], None], folder: Path
    ) -> None:
        """A span ended, and nothing is to be said of it any more."""
        appender.append(b"start", room=500)
        full(appender)
        with pytest.raises(FileExistsError):
            appender.append(b"x" * 600)
        appender.release(300)
        appender.append(b"x" * 600)
        appender.append(b"end", room=-200)
        appender.close()

        assert [b"start", b"x" * 600, b"end"] == appended(folder.with_name("moved"))

    def test_of_what_could_not_be_written_is_not_kept(
        self, appender: Appender, full: Callable[[Appender], None], folder: Path
    ) -> None:
        """Nothing is to be said of it there."""
        appender.append(b"first of all")
        full(appender)
        with pytest.raises(FileExistsError):
            appender.append(b"start", room=2000)
        appender.append(b"x" * 800)
        appender.close()

        assert [b"first of all", b"x" * 800] == appended(folder.with_name("moved"))


class TestFork:
    def test_each_process_has_segments_of_its_own(self, folder: Path, run: Callable[..., str]) -> None:
        """The child writes none of the parent's, and its count is its own."""
        parent, child = run(FORKED, folder).split()

        assert [
            [b"first " + parent.encode(), b"parent before", b"parent after"],
            [b"first " + child.encode(), b"child"],
        ] == read(folder)

    def test_a_child_does_not_keep_the_parent_alive(self, folder: Path, launch: Callable[..., Popen[str]]) -> None:
        """It lets go of the parent's lock before it does anything else."""
        program = launch(FORKED_AWAY, folder)
        assert program.stdout.readline() == "child lives\n"
        program.wait()
        (path,) = folder.iterdir()
        with path.open("rb") as file:
            assert False is is_held(file.fileno())

    def test_while_another_thread_writes(self, folder: Path, run: Callable[..., str]) -> None:
        """The child does not wait for a lock whose owner stayed behind."""
        assert "0\n" == run(FORKED_LOCKED, folder)
        assert {b"parent", b"child"} == set(appended(folder))


class TestPrepare:
    def test_makes_the_next_segment_from_the_middle_on(self, appender: Appender, folder: Path) -> None:
        """And then only one."""
        appender.append(b"x" * 400)
        appender.prepare()
        before = len(list(folder.iterdir()))
        appender.append(b"x" * 200)
        appender.prepare()
        appender.prepare()

        assert (1, 2) == (before, len(list(folder.iterdir())))

    def test_a_prepared_segment_comes_next(self, appender: Appender, folder: Path) -> None:
        """Nothing is created by the caller then."""
        appender.append(b"x" * 800)
        appender.prepare()
        prepared = set(folder.iterdir())
        appender.append(b"y" * 800)

        assert prepared == set(folder.iterdir())

    def test_leaves_a_folder_that_was_deleted(self, appender: Appender, folder: Path) -> None:
        """What comes afterwards is written where it can be found, the prepared segment notwithstanding."""
        appender.append(b"x" * 800)
        appender.prepare()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        appender.prepare()
        appender.append(b"after")

        assert [b"after"] == appended(folder)


class TestClose:
    def test_ends_everything(self, appender: Appender, folder: Path) -> None:
        """The prepared segment too."""
        appender.append(b"x" * 800)
        appender.prepare()
        appender.close()
        for path in folder.iterdir():
            with path.open("rb") as file:
                reader = SegmentReader(file)
                list(reader)

                assert (True, False) == (reader.ended, is_held(file.fileno()))

    def test_is_not_the_end(self, appender: Appender, folder: Path) -> None:
        """A span that ends afterwards is kept, and closing twice is nothing."""
        appender.append(b"before")
        appender.close()
        appender.close()
        appender.append(b"after")

        assert [b"before", b"after"] == appended(folder)
