"""hooks that init runs: createContainer before pivot_root, startContainer right before the program."""

from __future__ import annotations

from ..plan.operations import STEP_INIT, run_hook
from ..state.document import hook_document_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree, HookTree

    from ..plan.operation import Operation
    from ..state.container_state import ContainerState
    from ..state.status import Status


def hook_operations(config: ConfigTree, kind: str, state: ContainerState, status: Status) -> list[Operation]:
    """One operation for each hook of a kind.

    Args:
        status: what the hook is told: `creating` or `created`.
    """
    hooks: list[HookTree] = config.get("hooks", {}).get(kind, [])  # type: ignore[assignment]  # a TypedDict read by a variable
    if not hooks:
        return []
    head, tail = hook_document_parts(state, status)
    return [
        run_hook(
            STEP_INIT, f"hooks.{kind}[{index}]", kind, hook["path"], hook.get("args") or [hook["path"]],
            hook.get("env", ()), hook.get("timeout", 0), head, tail,
        )
        for index, hook in enumerate(hooks)
    ]  # fmt: skip
