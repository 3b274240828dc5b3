"""Talks with systemd over D-Bus (org.freedesktop.systemd1(5)): starts, changes and stops transient units.

Loaded only for `--systemd-cgroup`. jeepney speaks the protocol; it is pure Python and needs nothing else.
"""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Any

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    message_bus,
    new_method_call,
)
from jeepney.io.blocking import DBusConnection, prep_socket  # type: ignore[import-untyped]

from ..errors import OperationFailed, Unsupported

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
BOOTED = "/run/systemd/system"  # sd_booted(3)
SYSTEMD, MANAGER = "org.freedesktop.systemd1", "org.freedesktop.systemd1.Manager"
PATH = "/org/freedesktop/systemd1"
JOB_SECONDS = 30.0
CALL_SECONDS = 25.0
UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists"
NO_SUCH_UNIT = "org.freedesktop.systemd1.NoSuchUnit"
Property = tuple[str, tuple[str, Any]]  # name, (D-Bus signature, value)


class BusError(OperationFailed):
    """An error reply; `name` is its D-Bus name."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"systemd: {text} ({name})")
        self.name = name


class SystemdBus:
    """One connection to a systemd manager; a context manager.

    Args:
        user: the caller's own manager instead of the system's.
        address: of the bus; None for the usual one.

    Raises:
        Unsupported: there is no systemd, or no bus.
    """

    def __init__(self, *, user: bool = False, address: str | None = None) -> None:
        if address is None:
            if not os.path.isdir(BOOTED):
                raise Unsupported(
                    "systemd not running on this host, cannot use systemd cgroups manager "
                    "(leave --systemd-cgroup out)"
                )
            address = _user_address() if user else os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", SYSTEM_BUS)
        try:
            self._connection = DBusConnection(prep_socket(_socket_path(address)))
        except OSError as error:
            hint = " (install dbus-user-session, and log in again)" if user else ""
            raise Unsupported(f"no connection to D-Bus at {address}: {error}{hint}") from error
        self._systemd = DBusAddress(PATH, bus_name=SYSTEMD, interface=MANAGER)

    def __enter__(self) -> SystemdBus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def version(self) -> int:
        """systemd's version; 0 if it does not tell. `v245.4-1.fc32` is 245."""
        text = str(self.manager_property("Version")).lstrip('"v')
        digits = text[: next((i for i, letter in enumerate(text) if not letter.isdigit()), len(text))]
        return int(digits or 0)

    def manager_property(self, name: str) -> Any:
        """A property of the manager, such as `Version` or `ControlGroup`."""
        properties = DBusAddress(PATH, bus_name=SYSTEMD, interface="org.freedesktop.DBus.Properties")
        (variant,) = self._send(new_method_call(properties, "Get", "ss", (MANAGER, name)))
        return variant[1]

    def start_unit(self, unit: str, properties: list[Property]) -> None:
        """Starts a transient unit, and waits until it is there; a failed one of the same name is reset first.

        Raises:
            BusError: systemd refused it.
            OperationFailed: the job did not end well, or in time.
        """
        arguments: tuple[Any, ...] = (unit, "replace", properties, [])
        try:
            result = self._job("StartTransientUnit", "ssa(sv)a(sa(sv))", arguments)
        except BusError as error:
            if error.name != UNIT_EXISTS:
                raise
            self.reset_failed(unit)
            result = self._job("StartTransientUnit", "ssa(sv)a(sa(sv))", arguments)
        if result != "done":
            self.reset_failed(unit)
            raise OperationFailed(f"error creating systemd unit `{unit}`: got `{result}`")

    def stop_unit(self, unit: str) -> None:
        """Stops a unit, with what runs in it; one that is gone is fine."""
        try:
            self._job("StopUnit", "ss", (unit, "replace"))
        except BusError as error:
            if error.name != NO_SUCH_UNIT:
                raise
        self.reset_failed(unit)

    def reset_failed(self, unit: str) -> None:
        """Lets systemd forget a failed unit; one that it does not know is fine."""
        try:
            self._call("ResetFailedUnit", "s", (unit,))
        except BusError as error:
            if error.name != NO_SUCH_UNIT:
                raise

    def set_properties(self, unit: str, properties: list[Property]) -> None:
        """Changes a running unit, until it ends (not in its file)."""
        self._call("SetUnitProperties", "sba(sv)", (unit, True, properties))

    def attach(self, unit: str, subgroup: str, pid: int) -> None:
        """Moves a process into a unit's cgroup, or into one below it (systemd 238)."""
        self._call("AttachProcessesToUnit", "ssau", (unit, subgroup, [pid]))

    def _job(self, method: str, signature: str, arguments: tuple[Any, ...]) -> str:
        """Calls a method that starts a job, and waits for that job's result."""
        rule = MatchRule(type="signal", interface=MANAGER, member="JobRemoved", path=PATH)
        self._send(message_bus.AddMatch(rule))
        self._call("Subscribe", "", ())
        deadline = time.monotonic() + JOB_SECONDS
        # A job may end before the reply to its call is read: keep all that end from now on.
        with self._connection.filter(rule, bufsize=1000) as ended:
            (job,) = self._call(method, signature, arguments)
            while True:
                left = max(deadline - time.monotonic(), 0.0)
                try:
                    signal = self._connection.recv_until_filtered(ended, timeout=left)
                except TimeoutError:
                    raise OperationFailed(f"systemd: {method} {arguments[0]} did not end in time") from None
                if signal.body[1] == job:
                    return str(signal.body[3])

    def _call(self, method: str, signature: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return self._send(new_method_call(self._systemd, method, signature, arguments))

    def _send(self, message: Message) -> tuple[Any, ...]:
        try:
            reply = self._connection.send_and_get_reply(message, timeout=CALL_SECONDS)
        except TimeoutError:
            raise OperationFailed("systemd did not answer in time") from None
        except OSError as error:
            raise OperationFailed(
                f"the connection to D-Bus broke: {error}", errno=error.errno or 0
            ) from error
        if reply.header.message_type is MessageType.error:
            text = reply.body[0] if reply.body else "no reason given"
            raise BusError(reply.header.fields[HeaderFields.error_name], text)
        return tuple(reply.body)


def _user_address() -> str:
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.path.exists(f"{runtime}/bus"):
        return f"unix:path={runtime}/bus"
    raise Unsupported(
        "could not detect DBUS_SESSION_BUS_ADDRESS from the environment: install dbus-user-session, and log in again"
    )


def _socket_path(addresses: str) -> str:
    """The first unix socket of an address list; an abstract one begins with NUL (D-Bus specification)."""
    from urllib.parse import unquote

    for address in addresses.split(";"):
        kind, _, rest = address.partition(":")
        options = dict(option.partition("=")[::2] for option in rest.split(","))
        if kind == "unix" and "path" in options:
            return unquote(options["path"])
        if kind == "unix" and "abstract" in options:
            return "\0" + unquote(options["abstract"])
    raise Unsupported(f"no unix socket in the D-Bus address {addresses}")
