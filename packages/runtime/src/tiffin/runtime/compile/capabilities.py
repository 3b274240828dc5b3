"""process.capabilities: the five sets as bit masks (capabilities(7))."""

from __future__ import annotations

from tiffin.spec.runtime.capabilities import NUMBERS

from ..plan.operations import STEP_INIT, limit_bounding_set, set_capabilities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.spec.runtime.tree import ProcessTree

    from ..plan.operation import Operation


def bounding_operation(process: ProcessTree, prefix: str) -> Operation:
    """Drops what is not in the bounding set. Before the user changes: it needs CAP_SETPCAP."""
    names = process.get("capabilities", {}).get("bounding", ())
    return limit_bounding_set(STEP_INIT, f"{prefix}capabilities.bounding", mask_of(names))


def capability_operation(process: ProcessTree, prefix: str) -> Operation:
    """The other four sets, after the user has changed. A process without the section gets none."""
    sets = process.get("capabilities", {})
    effective, permitted, inheritable, ambient = (
        mask_of(names)
        for names in (
            sets.get("effective", ()),
            sets.get("permitted", ()),
            sets.get("inheritable", ()),
            sets.get("ambient", ()),
        )
    )
    return set_capabilities(STEP_INIT, f"{prefix}capabilities", effective, permitted, inheritable, ambient)


def mask_of(names: Sequence[str]) -> int:
    """A set as a mask. Names that no kernel of ours knows are left out; the validator has warned of them."""
    mask = 0
    for name in names:
        number = NUMBERS.get(name)
        if number is not None:
            mask |= 1 << number
    return mask
