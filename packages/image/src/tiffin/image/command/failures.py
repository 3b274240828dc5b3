"""What each error is at the edge: an exit code and one line. One table."""

from __future__ import annotations

import sys

import click

from tiffin.image import errors
from tiffin.image.command.interruption import Interrupted
from tiffin.image.command.output import harmless

FAILED = 1
NOT_FOUND = 2
INTERRUPTED = 130  # 128 and SIGINT
NOBODY_READS = 141  # 128 and SIGPIPE
AROUND = 20  # characters of context

EXIT_CODES: dict[type[BaseException], int] = {
    errors.NotFound: NOT_FOUND,
    errors.InvalidImage: 3,
    errors.DataLoss: 3,
    errors.PermissionDenied: 4,
    errors.Unavailable: 5,
    errors.Stopped: 5,  # nobody sees it: who began the work raises what failed first
    errors.FailedPrecondition: 6,
    errors.AlreadyExists: 6,
    errors.Unsupported: 7,
    FileNotFoundError: NOT_FOUND,
    errors.InvalidReference: 64,  # EX_USAGE: sysexits.h
    errors.InvalidArgument: 64,
    click.UsageError: 64,
    UnicodeEncodeError: 64,  # what others wrote was read as UTF-8: it comes from an argument
    click.Abort: INTERRUPTED,
    KeyboardInterrupt: INTERRUPTED,
}


def exit_code(error: BaseException) -> int:
    """The exit code for an error: that of the nearest class in the table, 1 for others."""
    if isinstance(error, Interrupted):
        return error.code
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), FAILED)


def tell(error: BaseException, verb: str, *, debug: bool) -> int:
    """Writes what happened, and with `debug` the trace, to stderr; returns the exit code."""
    if debug:
        import traceback

        traceback.print_exception(error)
    program = f"tiffin-image {verb}".rstrip()
    code = exit_code(error)
    text = "\n".join(map(harmless, _text(error).split("\n")))  # some have an excerpt of a Dockerfile
    print(f"{program}: {text}", file=sys.stderr)
    if isinstance(error, click.UsageError):
        print(f"See `{program} --help`.", file=sys.stderr)
    return code


def _text(error: BaseException) -> str:
    if isinstance(error, click.ClickException):
        text = error.format_message()
    elif isinstance(error, KeyboardInterrupt | click.Abort):
        text = error.text if isinstance(error, Interrupted) else "interrupted"
    elif isinstance(error, UnicodeEncodeError):
        around = error.object[max(error.start - AROUND, 0) : error.end + AROUND]
        text = f"an argument is not UTF-8, and must be here: {around!r}"
    elif isinstance(error, OSError) and error.strerror:
        name = error.filename2 or error.filename  # of a rename what it should be called
        text = error.strerror if name is None else f"{name or repr('')}: {error.strerror}"
    else:
        text = str(error) or type(error).__name__
    return "; ".join((text, *getattr(error, "__notes__", ())))
