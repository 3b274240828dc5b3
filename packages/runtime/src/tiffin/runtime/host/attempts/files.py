"""File systems, mounts and device files."""

from __future__ import annotations

import ctypes
import fcntl
import os

from .kernel import CLONE_NEWUSER, Missing, mount, private_mounts, syscall, unshare
from .namespaces import become_nobody, enter_user_namespace

AT_EMPTY_PATH = 0x1000  # <linux/fcntl.h>
OPEN_TREE_CLONE = 1  # <linux/mount.h>
MOUNT_ATTR_IDMAP = 0x00100000
KVM_GET_API_VERSION = 0xAE00  # <linux/kvm.h>
KVM_API_VERSION = 12


class MountAttr(ctypes.Structure):
    """struct mount_attr of <linux/mount.h>, Linux 5.12."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def overlayfs() -> str:
    """An overlay on a tmpfs, in a private mount namespace."""
    private_mounts()
    _mount_overlay()
    return "works"


def overlayfs_userns() -> str:
    """The same as an ordinary user, in a user namespace (Linux 5.11)."""
    become_nobody()
    enter_user_namespace()
    private_mounts()
    _mount_overlay()
    return "works"


def _mount_overlay() -> None:
    top = os.getcwd()
    mount("tmpfs", top, "tmpfs", 0, "size=1m")
    os.chdir(top)  # out of the folder below the new mount
    for name in ("lower", "upper", "work", "merged"):
        os.mkdir(name)
    mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work")


def idmapped_mounts() -> str:
    """An idmapped copy of the mount that holds temporary files, else of a tmpfs (which can since Linux 6.3)."""
    users = _user_namespace_of_a_child()
    try:
        try:
            _idmap(os.getcwd(), users)
            return "works for the file system of temporary files"
        except OSError:
            private_mounts()
            mount("tmpfs", os.getcwd(), "tmpfs", 0, "size=1m")
            _idmap(os.getcwd(), users)
            return "works for tmpfs, not for the file system of temporary files"
    finally:
        os.close(users)


def _idmap(path: str, users: int) -> None:
    at_cwd = -100
    tree = syscall("open_tree", at_cwd, path.encode(), OPEN_TREE_CLONE | os.O_CLOEXEC)
    attr = MountAttr(attr_set=MOUNT_ATTR_IDMAP, userns_fd=users)
    syscall("mount_setattr", tree, b"", AT_EMPTY_PATH, ctypes.byref(attr), ctypes.sizeof(attr))
    os.close(tree)


def _user_namespace_of_a_child() -> int:
    """A descriptor of a user namespace that maps 0 to 100000; the child that made it is gone on return."""
    made_read, made_write = os.pipe()
    end_read, end_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end_write)
        try:
            unshare(CLONE_NEWUSER)
        except OSError as error:
            os._exit(error.errno or 1)
        os.write(made_write, b"!")
        os.read(end_read, 1)
        os._exit(0)
    os.close(made_write)
    try:
        if os.read(made_read, 1):
            for name in ("uid_map", "gid_map"):
                with open(f"/proc/{child}/{name}", "w") as file:
                    file.write("0 100000 1")
            return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(end_write)
        status = os.waitpid(child, 0)[1]
    raise Missing(f"a user namespace: {os.strerror(os.waitstatus_to_exitcode(status))}")


def device(path: str) -> str:
    """A device file that this user can open for reading and writing."""
    os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    return path


def kvm() -> str:
    """/dev/kvm, with the interface that every user of it expects."""
    descriptor = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    version = fcntl.ioctl(descriptor, KVM_GET_API_VERSION)
    os.close(descriptor)
    if version != KVM_API_VERSION:
        raise Missing(f"/dev/kvm has interface {version}, not {KVM_API_VERSION}")
    return "/dev/kvm opens"
