"""Commands on several containers, as root or not."""

from __future__ import annotations

import os

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.opening import open_containers
from tiffin.cli.run.host import needs_user_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.cli.containers.port import Containers
    from tiffin.cli.parse import Arguments

    Act = Callable[[Containers, str], object]

SIGNALLED = 128


def for_each_container(command: str, arguments: Arguments, act: Act) -> int:
    """As `for_each`, with the names that were given; `act` gets the containers and a name.

    Without root each container has a user namespace of its own: only there its processes can be signalled, and a
    process cannot come back from there.
    """
    names = arguments.words
    if arguments.address or not needs_user_namespace():
        with open_containers(arguments) as containers:
            return for_each(command, names, lambda name: act(containers, name))
    code = 0
    for name in names:
        child = os.fork() if len(names) > 1 else 0
        if not child:  # from here on it is a whole command of its own
            with open_containers(arguments, beside=name) as containers:
                return for_each(command, (name,), lambda name: act(containers, name))
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        code = max(code, ended if ended >= 0 else SIGNALLED - ended)
    return code
