"""Texts that callers of runc look for in its errors and logs; they must not change. Where each one is looked for:

| text | who parses it |
|---|---|
| `container does not exist` | containerd (go-runc: NotFound), CRI-O, podman (`ErrCtrNotFound`) |
| `container not running`, `process already finished`, `no such process` | containerd's shim: NotFound of kill; CRI-O |
| `container with given ID already exists` | dockerd and containerd tests, buildah |
| `executable file not found in $PATH`, `no such file or directory` | podman, dockerd, CRI-O: exit code 127 |
| `permission denied` | podman, dockerd, CRI-O: exit code 126 |
| `cannot exec in a stopped container`, `cannot exec in a paused container` | dockerd, nerdctl |
| `level=error msg=...`, `{"level":"error","msg":...}` | containerd's shim: the last error line of --log is the reason |

The texts stand where they arise; tests/command/test_as_runc.py holds them against runc.
"""

from __future__ import annotations

from ..errors import OperationFailed, RuntimeFailure

FAILED = {"create": "create failed: ", "run": "run failed: ", "restore": "restore failed: "}
PROCESS = "unable to start container process: "


def failure_message(verb: str, program: str, error: BaseException) -> str:
    """The text of an error as the log has it: what was to be done, then why it failed."""
    text = str(error)
    if isinstance(error, OperationFailed) and verb in {"create", "run", "exec", "restore"}:
        text = PROCESS + text
    elif isinstance(error, OSError) and not isinstance(error, RuntimeFailure):
        text = _system_message(error)
    if verb in FAILED:
        return f"{program} {FAILED[verb]}{text}"
    if verb == "exec":
        return f"exec failed: {text}"
    return text


def _system_message(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    if error.filename is None:
        return reason
    name = error.filename if isinstance(error.filename, str) else repr(error.filename)
    return f"{name}: {reason}"
