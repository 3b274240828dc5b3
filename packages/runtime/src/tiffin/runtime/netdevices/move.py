"""`move_devices`: what the controller does while init waits at a barrier, after its namespaces were made.

The kernel takes a device out of one namespace and puts it into another one under a new name in one step, keeps its
MTU and hardware address, and drops its IP addresses; those are added again. When the container ends nothing is moved
back: the kernel gives physical devices back, and destroys virtual ones (network_namespaces(7)). Only a create
that fails puts them back, since then nobody knows of the container.

Imports pyroute2, which takes 0.2 s: only for configs that have linux.netDevices.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any

from pyroute2 import IPRoute, NetlinkError, NetNS  # type: ignore[import-untyped]

from ..errors import AlreadyExists, CleanupFailed, NotFound, OperationFailed, RuntimeFailure
from ..record import Record
from .device import Device, add_address, find_index, read_device
from .names import TEMPLATE, WHERE


class MovedDevice(Record):
    """A device that was moved: as it was, and its ifindex in the container's namespace."""

    device: Device
    ifindex: int


class MovedDevices:
    """What `move_devices` did. Close it when the container is created; call `put_back` before that if it is not.

    It holds the namespace open, so that `put_back` works even after init has died.
    """

    def __init__(self, namespace: int) -> None:
        self.namespace = namespace
        self.moved: list[MovedDevice] = []

    def close(self) -> None:
        """Lets go of the namespace; the devices are the container's. Once more is no error."""
        if self.namespace >= 0:
            os.close(self.namespace)
        self.namespace = -1

    def put_back(self) -> None:
        """Moves all devices back, with their names, addresses and state; none once they are the container's.

        Raises:
            CleanupFailed: some did not come back; the others did.
        """
        if self.namespace < 0:
            return
        causes: list[BaseException] = []
        with opened(self.namespace) as (host, container), own_namespace() as home:
            for moved in reversed(self.moved):
                try:
                    index = transfer(container, host, moved.ifindex, moved.device.name, home)
                    restore(host, moved.device, index, up=moved.device.up)
                except NetlinkError as error:
                    causes.append(refusal(moved.device.name, "put it back", error))
        self.moved.clear()
        if causes:
            raise CleanupFailed("network devices stay in the container's namespace", causes)


def move_devices(pid: int, devices: dict[str, Any]) -> MovedDevices:
    """Moves devices of the caller's network namespace into that of a process, and brings them up.

    Args:
        pid: init, which has its namespaces and waits.
        devices: the tree of linux.netDevices, which `validate_devices` has seen.

    Returns:
        What to close, or to put back.

    Raises:
        NotFound: there is no such device, or process.
        AlreadyExists: the container's namespace has a device of the new name.
        OperationFailed: the kernel refuses. Whatever the error, devices that had moved are back.
    """
    try:
        done = MovedDevices(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError as error:
        raise NotFound(f"{WHERE}: there is no process {pid} with a network namespace") from error
    try:
        with opened(done.namespace) as (host, container):
            for name, options in devices.items():
                _move(done, host, container, name, (options or {}).get("name") or name)
    except RuntimeFailure as error:
        with contextlib.closing(done):
            _put_back_after(done, error)
        raise
    return done


def _put_back_after(done: MovedDevices, error: RuntimeFailure) -> None:
    try:
        done.put_back()
    except CleanupFailed as failed:
        raise CleanupFailed(str(error), [error, failed]) from error


def _move(done: MovedDevices, host: IPRoute, container: NetNS, name: str, new_name: str) -> None:
    device = read_device(host, name)
    if find_index(container, new_name) is not None:
        raise AlreadyExists(f"{WHERE}.{name}: the container's network namespace has a device {new_name!r}")
    # By the name that the kernel makes of a template nobody could find the device: it gets that name in a second step.
    interim = f"tiffin{os.urandom(4).hex()}" if TEMPLATE in new_name else new_name
    try:
        index = transfer(host, container, device.ifindex, interim, done.namespace)
    except NetlinkError as error:
        _keep_track(done, host, container, device, interim)
        raise refusal(name, "move it to the container's network namespace", error) from error
    done.moved.append(MovedDevice(device, index))
    try:
        if interim != new_name:
            container.link("set", index=index, ifname=new_name)
        restore(container, device, index, up=True)
    except NetlinkError as error:
        raise refusal(name, "give it its name and addresses and bring it up", error) from error


def _keep_track(done: MovedDevices, host: IPRoute, container: NetNS, device: Device, new_name: str) -> None:
    """After a refused move: the device is down on the host, or it moved and only its new name was refused."""
    if find_index(host, device.name) == device.ifindex:
        restore(host, device, device.ifindex, up=device.up)
        return
    for name in (new_name, device.name):
        if index := find_index(container, name):
            done.moved.append(MovedDevice(device, index))
            return


def transfer(source: IPRoute, target: IPRoute, index: int, new_name: str, namespace: int) -> int:
    """Moves a device and renames it, in one step. Returns its index there, which may be another one.

    Raises:
        NetlinkError: the kernel refuses.
    """
    source.link("set", index=index, state="down")
    source.link("set", index=index, ifname=new_name, net_ns_fd=namespace)
    found = find_index(target, new_name)
    if found is None:
        raise NetlinkError(errno.ENODEV, f"{new_name} vanished")
    return found


def restore(route: IPRoute, device: Device, index: int, *, up: bool) -> None:
    """Gives a device that has moved its addresses and its state.

    Raises:
        NetlinkError: the kernel refuses.
    """
    for address in device.addresses:
        add_address(route, index, address)
    if up:
        route.link("set", index=index, state="up")


def refusal(name: str, what: str, error: NetlinkError) -> OperationFailed:
    """The kernel's reason with the device's name."""
    hint = " (it cannot leave its network namespace)" if error.code == errno.EINVAL else ""
    reason = os.strerror(error.code)
    return OperationFailed(
        f"{WHERE}.{name}: cannot {what}: {reason}{hint}", where=f"{WHERE}.{name}", errno=error.code
    )


@contextlib.contextmanager
def opened(namespace: int) -> Iterator[tuple[IPRoute, NetNS]]:
    """Netlink sockets of the caller's network namespace and of another one."""
    with IPRoute() as host, NetNS(f"/proc/{os.getpid()}/fd/{namespace}", flags=0) as container:
        yield host, container


@contextlib.contextmanager
def own_namespace() -> Iterator[int]:
    """A descriptor of the calling thread's network namespace."""
    descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
