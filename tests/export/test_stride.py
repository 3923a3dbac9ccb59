from __future__ import annotations

from orchestrace.export.stride import Stride

KIB = 1 << 10


class TestFailed:
    def test_two_in_a_row_say_nothing(self) -> None:
        """A receiver was away, say."""
        stride = Stride(512, 4096 * KIB)
        for _ in range(2):
            stride.failed()

        assert (512, 4096 * KIB, None) == (stride.count, stride.size, stride.largest)

    def test_after_that_each_halves(self) -> None:
        """Down to one record, and to what goes through anywhere."""
        stride = Stride(512, 4096 * KIB)
        seen = []
        for _ in range(20):
            stride.failed()
            seen.append((stride.count, stride.size // KIB))

        assert [(512, 4096), (512, 4096), (256, 2048), (128, 1024)] == seen[:4]
        assert (1, 64) == seen[-1]

    def test_of_a_record_alone_three_cuts_say_that_it_is_too_large(self) -> None:
        """Three more, that it is so still; nothing becomes smaller than what anybody takes."""
        stride = Stride(512, 4096 * KIB)
        seen = []
        for _ in range(4 * 3):
            stride.failed(alone_and_cut=True)
            seen.append(stride.largest)

        assert [None, None] + [1024 * KIB] * 3 + [256 * KIB] * 3 + [64 * KIB] * 4 == seen

    def test_any_other_failure_in_between_says_that_it_is_not(self) -> None:
        """Nobody was there: then a connection that broke may have been the end of somebody, too."""
        stride = Stride(512, 4096 * KIB)
        for cut in (True, True, False, True):
            stride.failed(alone_and_cut=cut)

        assert stride.largest is None


class TestSucceeded:
    def test_doubles_up_to_what_it_was(self) -> None:
        """And it takes two failures again."""
        stride = Stride(3, 100 * KIB)
        for _ in range(9):
            stride.failed(alone_and_cut=True)
        seen = []
        for _ in range(3):
            stride.succeeded()
            seen.append((stride.count, stride.size // KIB, stride.largest))
        stride.failed(alone_and_cut=True)

        assert [(2, 100, None), (3, 100, None), (3, 100, None)] == seen
        assert (3, 100 * KIB, None) == (stride.count, stride.size, stride.largest)
