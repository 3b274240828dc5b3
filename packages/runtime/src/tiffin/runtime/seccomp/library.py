"""libseccomp, loaded at run time by ctypes: only what we call of it, and no headers. Slow to import, on purpose rare.

The functions and their rules: seccomp(3) pages of libseccomp 2.5. An error is a negative errno that is returned.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Sequence
from ctypes import CDLL, POINTER, c_char_p, c_int, c_uint, c_uint32, c_uint64, c_void_p
from typing import Any

from ..errors import Unsupported

NAME = "libseccomp.so.2"
PACKAGE = "libseccomp2"  # Debian's and Ubuntu's
UNKNOWN_SYSCALL = -1  # __NR_SCMP_ERROR
ATTRIBUTE_NO_NEW_PRIVILEGES = 3  # SCMP_FLTATR_CTL_NNP
ATTRIBUTE_OPTIMIZE = 8  # SCMP_FLTATR_CTL_OPTIMIZE
OPTIMIZE_BINARY_TREE = 2


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp."""

    _fields_ = (("arg", c_uint), ("op", c_int), ("datum_a", c_uint64), ("datum_b", c_uint64))


class Version(ctypes.Structure):
    """struct scmp_version."""

    _fields_ = (("major", c_uint), ("minor", c_uint), ("micro", c_uint))


# name: type of the result, types of the arguments
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "seccomp_version": (POINTER(Version), ()),
    "seccomp_api_get": (c_uint, ()),
    "seccomp_init": (c_void_p, (c_uint32,)),
    "seccomp_release": (None, (c_void_p,)),
    "seccomp_arch_native": (c_uint32, ()),
    "seccomp_arch_resolve_name": (c_uint32, (c_char_p,)),
    "seccomp_arch_add": (c_int, (c_void_p, c_uint32)),
    "seccomp_attr_set": (c_int, (c_void_p, c_int, c_uint32)),
    "seccomp_syscall_resolve_name": (c_int, (c_char_p,)),
    "seccomp_syscall_resolve_name_arch": (c_int, (c_uint32, c_char_p)),
    "seccomp_rule_add_array": (c_int, (c_void_p, c_uint32, c_int, c_uint, POINTER(Comparison))),
    "seccomp_export_bpf": (c_int, (c_void_p, c_int)),
}


class Library:
    """The loaded library.

    Raises:
        Unsupported: it is not installed, or lacks a function (older than 2.4).
    """

    def __init__(self) -> None:
        try:
            self.handle = CDLL(NAME)
            for name, (result, arguments) in FUNCTIONS.items():
                function = getattr(self.handle, name)
                function.restype, function.argtypes = result, arguments
        except OSError as error:
            raise Unsupported(
                f"linux.seccomp: {NAME} cannot be loaded ({error}); it is in Debian's package {PACKAGE}"
            ) from error
        except AttributeError as error:
            raise Unsupported(
                f"linux.seccomp: {NAME} is too old ({error}); version 2.4 or newer is needed"
            ) from error

    @property
    def version(self) -> str:
        found = self.handle.seccomp_version().contents
        return f"{found.major}.{found.minor}.{found.micro}"

    @property
    def api_level(self) -> int:
        """What this library and this kernel can do together (seccomp_api_get(3)); 6 has notifications."""
        return int(self.handle.seccomp_api_get())

    def native_architecture(self) -> int:
        return int(self.handle.seccomp_arch_native())

    def architecture(self, name: str) -> int:
        """Its token, by its name in a profile (SCMP_ARCH_X86_64).

        Raises:
            Unsupported: this libseccomp is too old for it.
        """
        token = int(self.handle.seccomp_arch_resolve_name(name.removeprefix("SCMP_ARCH_").lower().encode()))
        if token == 0:
            raise Unsupported(f"linux.seccomp.architectures: libseccomp {self.version} does not know {name}")
        return token

    def syscall(self, name: str, architecture: int | None = None) -> int | None:
        """Its number on an architecture (native if None); negative where only others have it; None if unknown."""
        encoded = name.encode("utf-8", "surrogateescape")
        if architecture is None:
            number = self.handle.seccomp_syscall_resolve_name(encoded)
        else:
            number = self.handle.seccomp_syscall_resolve_name_arch(architecture, encoded)
        return None if number == UNKNOWN_SYSCALL else int(number)

    def path(self) -> str:
        """The file that was loaded."""
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            for line in maps:
                path = line.rstrip("\n").partition("/")
                if path[1] and path[2].rpartition("/")[2].startswith("libseccomp.so"):
                    return "/" + path[2]
        raise Unsupported(f"linux.seccomp: {NAME} is loaded, but /proc/self/maps does not show from where")


class FilterContext:
    """A filter that libseccomp builds (scmp_filter_ctx); a context manager, since libseccomp's memory is released.

    Raises:
        Unsupported: the kernel does not know the default action.
    """

    def __init__(self, library: Library, default_action: int) -> None:
        self.functions = library.handle
        self.version = library.version
        self.context = self.functions.seccomp_init(default_action)
        if not self.context:
            raise Unsupported(
                f"linux.seccomp.defaultAction: neither this kernel nor libseccomp {self.version} knows the action"
            )

    def __enter__(self) -> FilterContext:
        return self

    def __exit__(self, *_: object) -> None:
        self.functions.seccomp_release(self.context)

    def add_architecture(self, token: int) -> int:
        return self._result(self.functions.seccomp_arch_add(self.context, token))

    def set_attribute(self, attribute: int, value: int) -> int:
        return self._result(self.functions.seccomp_attr_set(self.context, attribute, value))

    def add_rule(self, action: int, number: int, conditions: Sequence[Iterable[int]]) -> int:
        """One rule; returns an errno, or 0."""
        array = (Comparison * max(1, len(conditions)))(*(Comparison(*condition) for condition in conditions))
        call = self.functions.seccomp_rule_add_array
        return self._result(call(self.context, action, number, len(conditions), array))

    def export(self) -> bytes:
        """The BPF program, as an array of struct sock_filter."""
        descriptor = os.memfd_create("tiffin-seccomp", os.MFD_CLOEXEC)
        with open(descriptor, "rb") as file:
            if error := self._result(self.functions.seccomp_export_bpf(self.context, descriptor)):
                raise Unsupported(
                    f"linux.seccomp: libseccomp {self.version} cannot export: {os.strerror(error)}"
                )
            file.seek(0)
            return file.read()

    @staticmethod
    def _result(returned: int) -> int:
        return -returned if returned < 0 else 0
