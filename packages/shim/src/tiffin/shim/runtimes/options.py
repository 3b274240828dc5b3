"""What a client asks of the OCI runtime below its containers: containerd's options of runc's shim, as plain values."""

from __future__ import annotations

from tiffin.runtime.record import Record

RUNC = "runc"


class RuntimeOptions(Record):
    """How a container's OCI runtime is called; fields as in containerd's `runc.v1.Options`.

    binary: name or path of the runtime, "" for the default. root: where it keeps its state, "" for the default; the
        namespace is added to it, as runc's shim does.
    io_owner: uid and gid of the container's pipes, None for root's.
    criu_image, criu_work: folders of an image to restore from, and for the logs of CRIU.
    debug: have the runtime log its steps.
    directory: folder of the container's own files below its bundle (`<bundle>/tiffin`), where the runtime may put some
        of its own while it works. Set by `Tasks`.
    """

    binary: str = ""
    root: str = ""
    systemd_cgroup: bool = False
    no_pivot_root: bool = False
    no_new_keyring: bool = False
    io_owner: tuple[int, int] | None = None
    criu_image: str = ""
    criu_work: str = ""
    shim_cgroup: str = ""
    debug: bool = False
    directory: str = ""


class CheckpointOptions(Record):
    """How a container is written to disk by CRIU; fields as in containerd's `runc.v1.CheckpointOptions`.

    image: folder that gets it. work: folder for CRIU's own files, "" for one that is removed. parent: folder of an
    earlier one, relative to `image`. exit: the container ends with it.
    """

    image: str
    work: str = ""
    parent: str = ""
    exit: bool = False
    open_tcp: bool = False
    external_unix_sockets: bool = False
    terminal: bool = False
    file_locks: bool = False
    empty_namespaces: tuple[str, ...] = ()
    cgroups_mode: str = ""
