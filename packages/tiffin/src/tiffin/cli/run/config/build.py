"""The whole config of a container, section by section."""

from __future__ import annotations

from tiffin.cli.run.config.devices import apply_devices
from tiffin.cli.run.config.init import apply_init
from tiffin.cli.run.config.mounts import apply_mounts
from tiffin.cli.run.config.namespaces import apply_namespaces
from tiffin.cli.run.config.network_files import apply_network_files
from tiffin.cli.run.config.process import apply_process
from tiffin.cli.run.config.resources import apply_resources
from tiffin.cli.run.config.security import apply_security
from tiffin.cli.run.config.user import apply_user
from tiffin.cli.run.units import pair
from tiffin.runtime.record import Record
from tiffin.spec.runtime import defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.cli.run.config.volumes import Volume
    from tiffin.spec.runtime.tree import ConfigTree

VERSION = "1.0.2-dev"  # as podman: crun before 1.12 refuses whatever is not 1.0, and nothing here is newer


class Built(Record):
    """A config, and what must be on the disk before it is used. files: content by path."""

    config: ConfigTree
    volumes: list[Volume]
    files: dict[str, str]


def build_config(arguments: Arguments, context: Context, rootfs: str) -> Built:
    """Makes the config.

    Args:
        arguments: the flags and words of `tiffin run`.
        context: the container.
        rootfs: the unpacked image, where users are looked up.

    Raises:
        UsageError: for anything in the flags that cannot be had, with the flag's name.
    """
    config = defaults.config()
    config["ociVersion"] = VERSION
    config["root"]["path"] = "rootfs"
    apply_process(config, arguments, context)
    apply_user(config, arguments, context, rootfs)
    apply_security(config, arguments, context)
    apply_resources(config, arguments, context)
    apply_namespaces(config, arguments, context)
    volumes = apply_mounts(config, arguments, context)
    files = apply_network_files(config, arguments, context)
    apply_devices(config, arguments, context)
    apply_init(config, arguments)
    if context.cgroup_version:
        config["linux"]["cgroupsPath"] = f"{context.cgroup_parent}/tiffin-{context.name}"
    if annotations := _annotations(arguments, context):
        config["annotations"] = annotations
    return Built(config, volumes, files)


def _annotations(arguments: Arguments, context: Context) -> dict[str, str]:
    annotations = dict(pair("annotation", text) for text in arguments.texts("annotation"))
    asked = arguments.text("stop-signal")
    if asked:
        from tiffin.cli.containers.signals import signal_number  # only here: it takes a millisecond

        signal_number(asked)  # a mistake is told now, not when it is to be stopped
    signal = asked or context.image.get("StopSignal")
    if signal:
        annotations["org.opencontainers.image.stopSignal"] = signal
    return annotations
