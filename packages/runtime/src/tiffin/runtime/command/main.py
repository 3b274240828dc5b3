"""The command line's way in: parse, run one verb, turn errors into log lines and exit codes.

`main_of_front` is called by the native front's bootstrap, `main_entry` by the console script tiffin-runtime-python.
"""

from __future__ import annotations

import posix
import sys

from ..errors import RuntimeFailure
from ..lifecycle.settings import Settings, absolute_root
from ..logging.log import Log
from .exit_codes import FAILURE, INTERRUPTED, UNKNOWN_VERB, failure_code
from .messages import failure_message
from .parse import UnknownVerb, UsageError, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .parse import Invocation

SPEC_VERSION = "1.3.0"


def main_of_front(argv: Sequence[str]) -> None:
    """Runs one command and leaves at once: tearing the interpreter down would take a millisecond."""
    code = main(argv)
    try:
        sys.stdout.flush()
    except OSError:
        code = code or FAILURE
    if not _from_bundle():
        from .bundle import write_bundle

        write_bundle()
    posix._exit(code)  # noqa: SLF001  # the function's name


def _from_bundle() -> bool:
    """Whether every module of ours came out of the code bundle."""
    for name, module in sys.modules.items():
        if name.startswith("tiffin.") and getattr(module.__loader__, "__name__", "") != "BundleFinder":
            return False
    return True


def main_entry() -> int:
    """The console script `tiffin-runtime-python`."""
    return main(["tiffin-runtime", *sys.argv[1:]])


def main(argv: Sequence[str]) -> int:
    """Runs one command line; returns its exit code."""
    program = argv[0].rpartition("/")[2] or "tiffin-runtime"
    try:
        invocation = parse(argv)
    except UsageError as error:
        return _usage_error(error)
    except UnknownVerb as error:
        Log().error(str(error))
        return UNKNOWN_VERB
    try:
        log = _log_of(invocation)
    except (RuntimeFailure, OSError) as error:
        Log().error(str(error))
        return FAILURE
    if invocation.verb is None or invocation.flags.switch("help"):
        return _help(invocation)
    name = invocation.verb.name
    try:
        return _run(invocation, log)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (RuntimeFailure, OSError) as error:
        message = failure_message(name, program, error)
        log.error(message)
        if log.to_file:
            sys.stderr.write(f"{message}\n")
        return failure_code(name)


def _run(invocation: Invocation, log: Log) -> int:
    options = invocation.globals
    settings = Settings(
        absolute_root(options.text("root")),
        log,
        options.switch("systemd-cgroup"),
        options.text("rootless", "auto"),
        options.text("trace"),
    )
    verb = invocation.verb
    assert verb is not None  # noqa: S101  # for the type checker: help was answered before
    name = f"tiffin.runtime.command.verbs.{verb.name}_"
    module = __import__(name, None, None, ["run_verb"])
    code: int = module.run_verb(settings, invocation)
    return code


def _log_of(invocation: Invocation) -> Log:
    options = invocation.globals
    return Log(path=options.text("log"), format=options.text("log-format", "text"), debug=options.switch("debug"))


def _usage_error(error: UsageError) -> int:
    from .help import verb_help

    sys.stdout.write(f"Incorrect Usage{f': {error}' if error.shown else '.'}\n\n")
    if error.verb is not None:
        sys.stdout.write(verb_help(error.verb))
    sys.stdout.flush()
    Log().error(str(error))
    return FAILURE


def _help(invocation: Invocation) -> int:
    from ..version import VERSION
    from .help import program_help, verb_help

    if invocation.globals.switch("version"):
        sys.stdout.write(f"tiffin-runtime version {VERSION}\nspec: {SPEC_VERSION}\n")
    elif invocation.verb is not None:
        sys.stdout.write(verb_help(invocation.verb))
    else:
        sys.stdout.write(program_help(VERSION))
    return 0
