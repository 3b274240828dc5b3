"""The command line's way in: parse, run one verb, turn errors into log lines and exit codes.

`main_of_front` is called by the native front's bootstrap, `main_of_snapshot` where it goes on from a snapshot, and
`main_entry` by the console script tiffin-runtime-python.
"""

from __future__ import annotations

import _signal
import posix
import sys

from ..errors import RuntimeFailure
from ..lifecycle.settings import Settings, absolute_root
from ..logging.log import Log
from .exit_codes import FAILURE, INTERRUPTED, UNKNOWN_VERB, failure_code
from .messages import failure_message
from .parse import UnknownVerb, UsageError, parse_globals, parse_verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .parse import Invocation, Options

SPEC_VERSION = "1.3.0"
VERBS = "tiffin.runtime.command.verbs."


def main_of_front(argv: Sequence[str], missed: Sequence[str] = ("", "", "")) -> None:
    """Runs one command of the front's, sees that the next ones start faster, and leaves.

    Args:
        missed: the folders of our packages, the path of a snapshot, "" if none is wanted, and the front's.
    """
    code = _flushed(main(argv))  # first: what follows takes its time
    if code == 0 and not _keep_snapshot(*missed):
        _keep_bundle(argv)
    posix._exit(code)  # noqa: SLF001  # the function's name


def main_of_snapshot(argv: Sequence[str]) -> None:
    """Runs one command in an interpreter that goes on from the snapshot, and leaves."""
    posix._exit(_flushed(main(argv)))  # noqa: SLF001  # at once: tearing it down would take a millisecond


def _flushed(code: int) -> int:
    """The exit code, when all that was printed has been written."""
    try:
        sys.stdout.flush()
    except OSError:
        return code or FAILURE
    return code


def _keep_snapshot(paths: str, image: str, front: str) -> bool:
    """Has the commands that follow start faster, from an image of an interpreter like this one."""
    if not image:
        return False
    from ..snapshot.take import Request, keep_snapshot

    return keep_snapshot(Request(image, front, tuple(paths.split(":"))))


def _keep_bundle(argv: Sequence[str]) -> None:
    """Has the next command of this verb start faster, if this one used modules that came from no bundle."""
    used = [name for name in sys.modules if name.startswith("tiffin.")]
    if getattr(sys.modules["__main__"], "NAMES", frozenset()).issuperset(used):
        return
    options, rest = parse_globals(argv)
    verb = parse_verb(argv[0], options, rest).verb
    if verb is None or f"{VERBS}{verb.name}_" not in used:  # --help, --version
        return
    from .bundle import bundled_names, write_bundle

    try:
        write_bundle(verb.name, bundled_names().union(used))
    except (OSError, SyntaxError, ImportError):
        # A full disk, or sources that are being replaced. The command has done its work, and a caller that was told
        # otherwise would think that its container is not there; the next command tries again.
        return


def main_entry() -> int:
    """The console script `tiffin-runtime-python`."""
    return main(["tiffin-runtime", *sys.argv[1:]])


def main(argv: Sequence[str]) -> int:
    """Runs one command line; returns its exit code."""
    # a caller that ignores it hands that on, and the kernel would reap our children before we hear how they ended
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    program = argv[0].rpartition("/")[2] or "tiffin-runtime"
    log = Log()
    try:
        options, rest = parse_globals(argv)
        log = _log_of(options)
        invocation = parse_verb(argv[0], options, rest)
    except UsageError as error:
        return _usage_error(error, log)
    except UnknownVerb as error:
        _report(log, str(error))
        return UNKNOWN_VERB
    except RuntimeFailure as error:
        _report(log, str(error))
        return FAILURE
    except OSError as error:
        _report(log, f"open {failure_message('', program, error)}")
        return FAILURE
    if invocation.verb is None or invocation.flags.switch("help"):
        return _help(invocation)
    return _run_reporting(invocation, program, log)


def _run_reporting(invocation: Invocation, program: str, log: Log) -> int:
    assert invocation.verb is not None  # noqa: S101  # for the type checker
    name = invocation.verb.name
    try:
        return _run(invocation, log)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (RuntimeFailure, OSError) as error:
        _report(log, failure_message(name, program, error))
        return failure_code(name)


def _report(log: Log, message: str) -> None:
    """The last word: to the log, and to standard error if that is a file."""
    log.error(message)
    if log.to_file:
        try:
            sys.stderr.write(f"{message}\n")
        except OSError:  # the exit code still tells that there was one
            return


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
    name = f"{VERBS}{verb.name}_"
    module = __import__(name, None, None, ["run_verb"])
    code: int = module.run_verb(settings, invocation)
    return code


def _log_of(options: Options) -> Log:
    return Log(
        path=options.text("log"), format=options.text("log-format", "text"), debug=options.switch("debug")
    )


def _usage_error(error: UsageError, log: Log) -> int:
    from ..version import VERSION
    from .help import program_help, verb_help

    if error.verb is None:
        sys.stdout.write(f"Incorrect Usage. {error}\n\n{program_help(VERSION)}")
    else:
        sys.stdout.write(f"Incorrect Usage{f': {error}' if error.shown else '.'}\n\n{verb_help(error.verb)}")
    sys.stdout.flush()
    _report(log, str(error))
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
