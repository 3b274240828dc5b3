"""`tiffin system ACTION`: finds the action in the table."""

from __future__ import annotations

from importlib import import_module

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments

ACTIONS = {"verify": "verifying", "df": "usage", "prune": "pruning", "pin": "pinning", "unpin": "pinning"}
OWN, MANAGED = "tiffin.cli.system", "tiffin.cli.managed.system"  # both have all of these modules


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
    folder = MANAGED if arguments.address else OWN
    code: int = import_module(f"{folder}.{module}").main(arguments)
    return code
