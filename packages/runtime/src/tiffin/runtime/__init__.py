"""The native executor: OCI bundles to processes. `Runtime` is the API, `tiffin-runtime` the command.

from tiffin.runtime import Runtime

with Runtime() as runtime:
    result = runtime.run(config, timeout=10)
    print(result.exit_code, result.stdout)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api.container import Container
    from .api.pipes import DEVNULL, INHERIT, PIPE
    from .api.process import Process, Result
    from .api.runtime import Runtime
    from .errors import (
        AlreadyExists,
        CleanupFailed,
        FailedPrecondition,
        InvalidArgument,
        NotFound,
        OperationFailed,
        RuntimeFailure,
        TimedOut,
        Unsupported,
    )

_MODULES = {
    "Runtime": "api.runtime",
    "Container": "api.container",
    "Process": "api.process",
    "Result": "api.process",
    "DEVNULL": "api.pipes",
    "INHERIT": "api.pipes",
    "PIPE": "api.pipes",
}
_ERRORS = (
    "AlreadyExists",
    "CleanupFailed",
    "FailedPrecondition",
    "InvalidArgument",
    "NotFound",
    "OperationFailed",
    "RuntimeFailure",
    "TimedOut",
    "Unsupported",
)

__all__ = [
    "DEVNULL",
    "INHERIT",
    "PIPE",
    "AlreadyExists",
    "CleanupFailed",
    "Container",
    "FailedPrecondition",
    "InvalidArgument",
    "NotFound",
    "OperationFailed",
    "Process",
    "Result",
    "Runtime",
    "RuntimeFailure",
    "TimedOut",
    "Unsupported",
]


def __getattr__(name: str) -> object:
    """Imports what is asked for: the cold command line passes here, and needs none of it."""
    module = _MODULES.get(name) or ("errors" if name in _ERRORS else None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(__import__(f"{__name__}.{module}", None, None, [name]), name)
