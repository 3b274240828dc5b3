"""`tiffin exec NAME COMMAND...`: a further process in a container that runs."""

from __future__ import annotations

from tiffin.cli.containers.opening import open_containers
from tiffin.cli.containers.port import Execution
from tiffin.cli.run.config.environment import variables
from tiffin.cli.run.stdio import check_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Runs it; its exit code, 126 or 127 if it cannot be executed or is not there."""
    detach = arguments.switch("detach")
    tty = arguments.switch("tty") and not detach
    if tty:
        check_terminal()
    execution = Execution(
        arguments.words[1:],
        interactive=arguments.switch("interactive") and not detach,
        tty=tty,
        detach=detach,
        user=arguments.text("user"),
        workdir=arguments.text("workdir"),
        environment=tuple(variables(arguments, {"TERM": "xterm"} if tty else {})),
    )
    name = arguments.words[0]
    with open_containers(arguments, beside=name) as containers:
        return containers.execute(name, execution)
