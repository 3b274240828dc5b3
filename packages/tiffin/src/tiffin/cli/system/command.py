"""`tiffin system ACTION`: finds the action in the table."""

from __future__ import annotations

from importlib import import_module

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments

ACTIONS = {
    "verify": "tiffin.cli.system.verifying",
    "df": "tiffin.cli.system.usage",
    "prune": "tiffin.cli.system.pruning",
    "pin": "tiffin.cli.system.pinning",
    "unpin": "tiffin.cli.system.pinning",
}
OWN, MANAGED = "tiffin.cli.system", "tiffin.cli.managed.system"


def main(arguments: Arguments) -> int:
    """Does it; what it returns is the exit code."""
    action = arguments.words[0]
    module = ACTIONS.get(action)
    if module is None:
        raise UsageError(f"there is no `system {action}`: expected {', '.join(ACTIONS)}")
    pins = action in ("pin", "unpin")
    if pins != (len(arguments.words) > 1):
        raise UsageError(
            f"system {action}: expected {'the names of images' if pins else 'nothing behind it'}"
        )
    if arguments.address:
        module = module.replace(OWN, MANAGED)
    code: int = import_module(module).main(arguments)
    return code
