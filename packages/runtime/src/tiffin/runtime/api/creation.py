"""`WarmCreation`: `Creation` in a process that stays, which does not do again what it has done before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tiffin.spec.json_tree import encode as encode_json

from ..cgroup.v1 import V1Manager
from ..compile.create import keyring_operation, mounts_block_device
from ..compile.namespaces import early_namespaces
from ..lifecycle.config import CONFIG_FILE, check_config, decode_config, read_config
from ..lifecycle.create import CreateOptions, Creation
from ..plan.operations import STEP_ATTEND, STEP_LAUNCHER
from .plan_pattern import PlanPattern
from .spare_network import CLONE_NEWNET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.spec.runtime.tree import ConfigTree

    from ..cgroup.manager import CgroupManager
    from ..launch.launcher import Launch
    from ..lifecycle.settings import Settings
    from ..plan.operation import Operation, Plan
    from .known_configs import KnownConfig, KnownConfigs
    from .spare_network import SpareNetwork


class WarmCreation(Creation):
    """One container in the making, by a `Runtime`.

    Args:
        known: what the `Runtime` remembers.
        spare: what it makes ahead, if it does.
    """

    def __init__(
        self,
        settings: Settings,
        identifier: str,
        options: CreateOptions,
        known: KnownConfigs,
        spare: SpareNetwork | None = None,
        *,
        waits: bool,
    ) -> None:
        super().__init__(settings, identifier, options, waits=waits)
        self._known_configs = known
        self._spare = spare
        self._known: KnownConfig | None = None
        self._pattern: PlanPattern | None = None

    def load(self, tree: ConfigTree | None = None) -> None:
        """As `Creation.load`; the tree is copied, and may be changed afterwards."""
        bundle = self.options.bundle
        if tree is None:
            self._data = read_config(bundle)
        else:
            self._data = encode_json(tree).encode("utf-8", "surrogateescape")
        self._known = self._known_configs.find(self._data, bundle, self._decoded)
        self.config = self._known.tree

    def _decoded(self) -> ConfigTree:
        tree = decode_config(self._data, source=f"{self.options.bundle}/{CONFIG_FILE}")
        check_config(tree, self.settings.log)
        return tree

    def take_network(self) -> int:
        if self._spare is None or not early_namespaces(self.config) & CLONE_NEWNET:
            return -1
        return self._spare.take()

    def plan(self, manager: CgroupManager) -> Plan:
        """As `Creation.plan`; for `run`, what other containers of this config have too is not made again."""
        known = self._known
        if known is None or not known.repeatable or self.waits:
            return super().plan(manager)
        paths = manager.paths()
        pattern = self._pattern = known.pattern
        if pattern is not None:
            limits = pattern.cgroups.moved(paths) if type(manager) is V1Manager else None
            return pattern.plan(limits or self._limits(manager), self._keyring(), paths)
        recorder = _Recorder(manager)
        plan = super().plan(cast("CgroupManager", recorder))
        known.pattern = PlanPattern(plan, recorder.operations, self._keyring(), paths, self.config)
        return plan

    def launch(self, plan: Plan, name: str, *, encoded: Mapping[int, bytes] | None = None) -> Launch:
        """As `TracingAttendant.launch`, with what the pattern of the plan has encoded."""
        pattern = self._pattern
        return super().launch(plan, name, encoded=pattern.encoded if pattern is not None else encoded)

    def _limits(self, manager: CgroupManager) -> tuple[Operation, ...]:
        linux = self.config.get("linux", {})
        return manager.create_operations(
            linux.get("resources"),
            devices=linux.get("devices", ()),
            devices_step=STEP_ATTEND if mounts_block_device(self.config) else STEP_LAUNCHER,
        )

    def _keyring(self) -> Operation | None:
        if self.options.no_new_keyring:
            return None
        label = self.config.get("linux", {}).get("mountLabel", "")
        return keyring_operation(self.directory.identifier, label)


class _Recorder:
    """A manager that remembers which operations it gave to the plan."""

    def __init__(self, manager: CgroupManager) -> None:
        self._manager = manager
        self.operations: tuple[Operation, ...] = ()

    def create_operations(self, *arguments: Any, **named: Any) -> tuple[Operation, ...]:
        self.operations = self._manager.create_operations(*arguments, **named)
        return self.operations

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)
