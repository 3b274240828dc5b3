"""A program, not a module: makes a rootfs ready for CRIU's restore in a mount namespace of its own, then becomes CRIU.

    python3 -I -S prepare_rootfs.py REPORTS ROOTFS ROOT MOUNTS IMAGES WORK criu swrk N

REPORTS is a unix socket that gets the folders IMAGES and WORK, opened in that namespace, or the reason if it fails;
ROOT an empty folder where the rootfs will be bound (CRIU wants a mount there); MOUNTS a JSON list of
[destination, source of a bind or ""]. Missing mount points are made, as create makes them. This is done by a child
that lives inside the rootfs (chroot), so no link in it can lead out; and since all mounts are in private namespaces,
nothing stays mounted, whoever is killed when.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import stat
import sys

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 0x80000
OPEN_TREE, MOVE_MOUNT = 428, 429  # system calls, the same on all architectures
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, AT_RECURSIVE = 0x1, 0o2000000, 0x8000
MOVE_MOUNT_F_EMPTY_PATH = 0x4
AT_FDCWD = -100
READY = b"ready\n"

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)
    return result


def enter_mount_namespace() -> None:
    """A new one, to which the host's mounts still propagate, but from which nothing propagates back."""
    check(libc.unshare(CLONE_NEWNS), "unshare")
    check(libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None), "mount --make-rslave /")


def open_tree(source: str) -> int:
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE
    return check(libc.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(source), flags), f"open_tree {source}")


def make_mount_point(destination: str, *, file: bool) -> None:
    """Inside the rootfs, which is / here."""
    path = "/" + destination.lstrip("/")
    if file:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644))
    else:
        os.makedirs(path, 0o755, exist_ok=True)


def make_mount_points(rootfs: str, mounts: list[list[str]]) -> None:
    """In a child; the binds are mounted too, since mount points may lie inside them."""
    enter_mount_namespace()
    trees = [open_tree(source) if source else -1 for _, source in mounts]
    files = [bool(source) and not stat.S_ISDIR(os.stat(source).st_mode) for _, source in mounts]
    os.chroot(rootfs)
    os.chdir("/")
    for (destination, _), tree, file in zip(mounts, trees, files, strict=True):
        if os.path.exists(destination) and tree < 0:
            continue
        if not os.path.exists(destination):
            make_mount_point(destination, file=file)
        if tree >= 0:
            target = os.fsencode(destination)
            moved = libc.syscall(MOVE_MOUNT, tree, b"", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH)
            check(moved, f"move_mount {destination}")


def in_child(work: object, *arguments: object) -> None:
    """Runs a function in a child, and fails if it fails."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work(*arguments)  # type: ignore[operator]  # a function, but typing takes 3 ms to import
            code = 0
        except OSError as error:
            report(f"{error.filename}: {error.strerror}")
        finally:
            os._exit(code)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        sys.exit(1)


def report(text: str) -> None:
    os.write(int(sys.argv[1]), text.encode(errors="replace"))


def main() -> None:
    _, reports, rootfs, root, mounts, images, work, *command = sys.argv
    try:
        in_child(make_mount_points, rootfs, json.loads(mounts))
        enter_mount_namespace()
        bound = libc.mount(os.fsencode(rootfs), os.fsencode(root), None, MS_BIND | MS_REC, None)
        check(bound, f"bind {rootfs}")
        send_folders(int(reports), images, work)
        os.set_inheritable(int(reports), False)  # its end tells that CRIU has started
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execvp(command[0], command)
    except OSError as error:
        report(f"{error.filename}: {error.strerror}")
        sys.exit(1)


def send_folders(reports: int, *paths: str) -> None:
    """CRIU gets its folders as descriptors of the caller's, but must see them in its own mount namespace."""
    descriptors = [os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) for path in paths]
    with socket.socket(fileno=os.dup(reports)) as peer:
        socket.send_fds(peer, [READY], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)


if __name__ == "__main__":
    main()
