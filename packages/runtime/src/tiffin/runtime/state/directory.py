"""One container's directory below the root (docs/architecture.md, "State directory").

<root>/<id>/state  config.json  exec.fifo  lock
"""

from __future__ import annotations

import errno
import posix

from ..errors import AlreadyExists, NotFound
from .container_state import ContainerState, decode_state, encode_state
from .files import make_parents, read_file, remove_tree, write_atomically
from .identity import in_user_namespace, validate_id
from .lock import Lock

STATE = "state"
CONFIG = "config.json"
FIFO = "exec.fifo"
TAKEN = "exec.fifo.taken"
LOCK = "lock"
DEFAULT_ROOT = "/run/tiffin"
DIRECTORY_MODE = 0o711
ROOT_MODE = 0o700
FILE_TYPE = 0o170000
IS_DIRECTORY = 0o040000


class StateDirectory:
    """The directory of one container, which may not exist yet.

    Args:
        root: absolute path of the directory of all containers.
        identifier: the container's id; an invalid one raises InvalidArgument.
    """

    def __init__(self, root: str, identifier: str) -> None:
        validate_id(identifier)
        self.root = root
        self.identifier = identifier
        self.path = f"{root}/{identifier}"

    def claim(self) -> Lock:
        """Makes the directory, and the lock in it; of several callers one gets the id.

        Raises:
            AlreadyExists: somebody has it.
            NotFound, FailedPrecondition: `delete` took it away from us at once; then nothing in it is ours.
        """
        make_parents(self.root, mode=ROOT_MODE)
        try:
            posix.mkdir(self.path, DIRECTORY_MODE)
        except FileExistsError as error:
            raise AlreadyExists("container with given ID already exists") from error
        try:
            lock = Lock(self.file(LOCK), new=True)
        except OSError:
            posix.rmdir(self.path)
            raise
        posix.chmod(self.path, DIRECTORY_MODE)  # whatever the umask is
        return lock

    def exists(self) -> bool:
        return _exists(self.path)

    def file(self, name: str) -> str:
        return f"{self.path}/{name}"

    def read(self) -> ContainerState:
        """What is known of the container.

        Raises:
            NotFound: there is no such container.
            FailedPrecondition: its state file is damaged.
        """
        path = self.file(STATE)
        try:
            data = read_file(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound("container does not exist") from error
        return decode_state(data, source=path)

    def write(self, state: ContainerState) -> None:
        """Writes the state; once this returns it survives a crash of this process and of the machine."""
        write_atomically(self.path, STATE, encode_state(state))

    def has_state(self) -> bool:
        """Whether a state was written; without one there is no container yet, or none any more."""
        return _exists(self.file(STATE))

    def has_fifo(self) -> bool:
        """Whether it still waits for `start`, also if one was killed after it had taken the FIFO."""
        return _exists(self.file(FIFO)) or _is_read(self.file(TAKEN))

    def lock(self, *, wait: bool = True) -> Lock:
        """Takes the container's lock; see `Lock`."""
        return Lock(self.file(LOCK), wait=wait)

    def remove(self) -> None:
        """Removes the directory. The state goes late, so that a removal that was cut short can be repeated."""
        remove_tree(self.path, last=(STATE, LOCK))


def default_root() -> str:
    """Where state lives when nothing is said: /run/tiffin, or the user's runtime directory without root.

    Root of a user namespace, who may not write to /run, counts as the user, unless $USER says that this is a root's
    login. `front/arguments.c` decides the same.
    """
    runtime = posix.environ.get(b"XDG_RUNTIME_DIR", b"").decode("utf-8", "surrogateescape")
    if runtime and (posix.geteuid() != 0 or (posix.environ.get(b"USER") != b"root" and in_user_namespace())):
        return f"{runtime}/tiffin"
    return DEFAULT_ROOT


def cache_directory() -> str:
    """Where what can be made again is kept for this boot (compiled seccomp filters); the same for every root."""
    return f"{default_root()}-cache"


def identifiers(root: str) -> list[str]:
    """The ids of all containers below a root, sorted; half-made ones too."""
    try:
        with posix.scandir(root) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def _is_read(fifo: str) -> bool:
    """Whether there is such a FIFO, and somebody reads from it: init does until it is the user's program."""
    try:
        posix.close(posix.open(fifo, posix.O_WRONLY | posix.O_NONBLOCK | posix.O_CLOEXEC | posix.O_NOFOLLOW))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENXIO):
            return False
        raise
    return True


def _exists(path: str) -> bool:
    try:
        posix.stat(path)
    except FileNotFoundError:
        return False
    return True
