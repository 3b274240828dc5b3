"""Why a runtime failed is taken from its log, whatever it has written there."""

from __future__ import annotations

import pytest

from tiffin.shim.runtimes.reports import MOST_OUTPUT, last_error, said


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (b'{"level":"error","msg":"a","time":"t"}\n', "a"),
        (b'{"level":"error","msg":"a"}\n{"level":"warning","msg":"b"}\n', "a"),
        (b'{"level":"error","msg":"a"}\n{"msg":" b\\n","level":"error"}\n', "b"),
        (b'{"level":"error","msg":"a"}\npanic: runtime error\n\x00\xff{"level"', "a"),
        (b'{"level":"error"}', ""),
        (b'["error"]\n"error"\n', ""),
        (b"", ""),
        (b"\xff\xfe" * 1000, ""),
        (b"[" * 100_000, ""),
    ],
)
def test_the_last_error_of_a_log(log: bytes, message: str) -> None:
    assert last_error(log) == message


def test_without_a_log_the_end_of_the_output_counts() -> None:
    assert said(b"", b"x" * 5000 + b" \xff end\n").endswith("\ufffd end")
    assert len(said(b"", b"x" * 5000)) == MOST_OUTPUT
    assert said(b'{"level":"error","msg":"a"}', b"output") == "a"
