"""In the pid namespace of one RUN: the tree is mounted, the config made, and the container run."""

from __future__ import annotations

import os
from errno import EBUSY

from tiffin.image.building.execute.mounting import MNT_DETACH, mount_tree, own_mount_namespace
from tiffin.image.kernel import mount, umount2
from tiffin.image.platforms import host_platform
from tiffin.image.store.root import is_real_root
from tiffin.spec.bundle.conversion import ContainerOptions, container_tree
from tiffin.spec.image.config import Image, ImageConfig, RootFS
from tiffin.spec.runtime.capabilities import DEFAULT, NUMBERS

from .extra_mounts import ExtraMounts
from .mount_points import MountPoints
from .rootless import adapt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.runtime import Runtime

    from .request import RunRequest

HOSTNAME = "build"
HOST_SYS = {
    "destination": "/sys",
    "type": "none",
    "source": "/sys",
    "options": ["rbind", "nosuid", "noexec", "nodev", "ro"],
}


def preload() -> None:
    """Does once, before the forks, what each container would do again."""
    container_tree(_image(()), "/", ContainerOptions(args=["true"], user="0:0"))


def _identifier() -> str:
    """A name for the container and its cgroups, which all RUNs of the host share."""
    return f"tiffin-build-{os.urandom(8).hex()}"


def run_container(request: RunRequest, output: int, point: str, runtime: Runtime) -> int:
    """Runs the command; its exit code.

    Args:
        point: a tmpfs of our own. output: a descriptor that stdout and stderr become.

    Raises:
        RuntimeFailure, OSError: it could not be started. LookupError: there is no such user.
    """
    own_mount_namespace()
    mount("proc", "/proc", "proc", 0)
    rootfs = f"{point}/root"
    os.mkdir(rootfs)
    mount_tree(request.tree, rootfs)
    extra = ExtraMounts(request.mounts, f"{point}/mounts")
    config = _config(request, rootfs, extra.mount())
    with open(os.devnull) as nothing:
        for source, target in ((nothing.fileno(), 0), (output, 1), (output, 2)):
            os.dup2(source, target)
    with MountPoints(rootfs, config["mounts"]):
        result = runtime.run(config, identifier=_identifier(), bundle=point, capture=False)
    _unmount(rootfs)
    return result.exit_code


def _unmount(rootfs: str) -> None:
    try:
        umount2(rootfs, 0)
    except OSError as error:
        if error.errno != EBUSY:
            raise
        umount2(rootfs, MNT_DETACH)


def _image(env: tuple[str, ...]) -> Image:
    platform = host_platform()
    return Image(
        architecture=platform.architecture,
        os=platform.os,
        rootfs=RootFS(type="layers", diff_ids=[]),
        config=ImageConfig(Env=list(env)),
    )


def _config(request: RunRequest, rootfs: str, mounts: list[dict[str, Any]]) -> dict[str, Any]:
    options = ContainerOptions(
        args=request.args,
        user=request.user,
        working_folder=request.folder,
        hostname=HOSTNAME,
        capabilities=_all_capabilities() if request.insecure else DEFAULT,
        seccomp=not request.insecure,
    )
    config: dict[str, Any] = dict(container_tree(_image(request.env), rootfs, options))
    config["mounts"] = [*config["mounts"], *mounts]
    adapt(config, own_network=request.network != "host")
    linux = config["linux"]
    if request.network == "host":
        linux["namespaces"] = [one for one in linux["namespaces"] if one["type"] != "network"]
        if (
            not is_real_root()
        ):  # the host's network is not this user namespace's: the kernel gives no sysfs of it
            config["mounts"] = [HOST_SYS if one["type"] == "sysfs" else one for one in config["mounts"]]
    if request.insecure:
        linux["maskedPaths"], linux["readonlyPaths"] = [], []
        linux["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}
    return config


def _all_capabilities() -> list[str]:
    """Those that this process has itself: nobody can be given more."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("CapPrm:"))
    bits = int(line.partition(":")[2], 16)
    return [name for name, number in NUMBERS.items() if bits >> number & 1]
