"""Lines of the log: logfmt as containerd has it, or JSON; one line for each record, whatever is in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from grpc._cython.cygrpc import ExecuteBatchError, InternalError  # type: ignore[import-not-found]  # it has no types
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tiffin.manager.observability import logs

LOG = logging.getLogger("tiffin.manager.test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, errors = root.handlers[:], root.level, logging.raiseExceptions
    ours = logging.getLogger("tiffin").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("tiffin").setLevel(ours)
    logging.raiseExceptions = errors


def stream(form: str = "text", level: str = "info") -> io.StringIO:
    made = io.StringIO()
    logs.set_up(level, form, made)
    return made


def test_text() -> None:
    out = stream()
    LOG.info(
        "plugin started",
        extra={"fields": {"plugin": "io.containerd.gc.v1.scheduler", "seconds": 0.25, "n": 3}},
    )
    time, _, rest = out.getvalue().partition(" ")
    assert time.startswith('time="20')
    assert time.endswith('Z"')
    assert rest == 'level=info msg="plugin started" plugin=io.containerd.gc.v1.scheduler seconds=0.25 n=3\n'


@pytest.mark.parametrize("kind", [ExecuteBatchError, InternalError])
def test_that_a_client_has_gone_before_its_answer_is_no_error(kind: type[Exception]) -> None:
    out = stream()
    try:
        raise kind("Failed")
    except kind:
        logging.getLogger("grpc._cython.cygrpc").exception("raised in core")
    assert bool(out.getvalue()) is (kind is InternalError)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain-/._@^+9", "plain-/._@^+9"),
        ("", '""'),
        ("a b", '"a b"'),
        ('"', '"\\""'),
        ("a\nb\tc\\", '"a\\nb\\tc\\\\"'),
        ("\x1b[31m", '"\\x1b[31m"'),
        ("schön", '"schön"'),
        ("\u2028", '"\\u2028"'),
        (True, "True"),
        (None, "None"),
    ],
)
def test_values_in_text(value: object, shown: str) -> None:
    out = stream()
    LOG.info("m", extra={"fields": {"key": value}})
    assert out.getvalue().partition("msg=m ")[2] == f"key={shown}\n"


def test_json() -> None:
    out = stream("json")
    LOG.warning("what %s", "now", extra={"fields": {"error": OSError(2, "gone"), "n": 3, "ok": True}})
    found = json.loads(out.getvalue())
    assert list(found) == ["time", "level", "msg", "error", "n", "ok"]
    assert (found["level"], found["msg"], found["error"]) == ("warning", "what now", "[Errno 2] gone")
    assert (found["n"], found["ok"]) == (3, True)


@pytest.mark.parametrize("form", ["text", "json"])
@given(message=st.text(), value=st.text())
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_anything_is_one_line(form: str, message: str, value: str) -> None:
    out = stream(form)
    LOG.info("%s", message, extra={"fields": {"key": value}})
    assert len(out.getvalue().split("\n")) == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_has_its_stack_on_the_same_line(form: str) -> None:
    out = stream(form)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        LOG.exception("it failed")
    assert out.getvalue().count("\n") == 1
    assert "ValueError: two" in out.getvalue()
    assert "test_logs.py" in out.getvalue()


def test_levels() -> None:
    out = stream(level="warn")
    for number in logs.LEVELS.values():
        LOG.log(number, "m")
    assert [line.split("level=")[1].split()[0] for line in out.getvalue().splitlines()] == [
        "warning", "error", "fatal", "fatal",
    ]  # fmt: skip
    out = stream(level="trace")
    LOG.log(logs.TRACE, "m")
    assert "level=trace" in out.getvalue()


def test_libraries_are_heard_from_warnings_on() -> None:
    out = stream(level="trace")
    logging.getLogger("asyncio").debug("Using selector")
    logging.getLogger("grpc").warning("something")
    assert out.getvalue().count("\n") == 1


def test_a_client_cannot_fill_the_log_by_one_call() -> None:
    out = stream()
    LOG.info("m", extra={"fields": {"key": "x" * 10**6}})
    assert len(out.getvalue()) < 2 * logs.LONGEST


def test_a_stream_that_is_closed_is_no_reason_to_fail() -> None:
    out = stream()
    out.close()
    LOG.info("m")
