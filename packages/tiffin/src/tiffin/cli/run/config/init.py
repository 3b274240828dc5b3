"""--init: a small init of the host as the container's first process, which forwards signals and reaps orphans."""

from __future__ import annotations

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.spec.runtime.tree import ConfigTree

INIT_TARGET = "/dev/init"  # in the container's own tmpfs, so that it leaves nothing in its files
PROGRAMS = ("catatonit", "tini-static", "docker-init", "tini")
FOLDERS = (
    "/usr/libexec/podman:/usr/lib/podman:/usr/libexec/docker:/usr/bin:/usr/sbin:/usr/local/bin:/bin:/sbin"
)


def apply_init(config: ConfigTree, arguments: Arguments) -> None:
    """Mounts the init.

    Raises:
        UsageError: if this host has none.
    """
    if not arguments.switch("init"):
        return
    import shutil

    found = next((path for name in PROGRAMS if (path := shutil.which(name, path=FOLDERS))), None)
    if found is None:
        raise UsageError("--init needs a small init program on this host: apt install catatonit, or tini")
    config["mounts"].append(
        {"destination": INIT_TARGET, "type": "bind", "source": found, "options": ["bind", "ro", "rprivate"]}
    )
