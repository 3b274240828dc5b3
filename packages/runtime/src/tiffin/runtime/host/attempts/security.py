"""seccomp, libseccomp, and eBPF for device rules."""

from __future__ import annotations

import ctypes

from .kernel import check, syscall

SECCOMP_GET_ACTION_AVAIL = 2  # <linux/seccomp.h>, Linux 4.14
ACTIONS = {"errno": 0x00050000, "notify": 0x7FC00000, "log": 0x7FFC0000}
BPF_PROG_LOAD, BPF_PROG_TYPE_CGROUP_DEVICE = 5, 15  # <linux/bpf.h>, Linux 4.15
RETURN_ONE = bytes.fromhex("b700000001000000 9500000000000000")  # r0 = 1; exit


def seccomp_action(name: str) -> str:
    """Whether filters may use this action."""
    action = ctypes.c_uint32(ACTIONS[name])
    syscall("seccomp", SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(action))
    return "works"


class Version(ctypes.Structure):
    """struct scmp_version of <seccomp.h>."""

    _fields_ = (("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint))


def libseccomp() -> str:
    """The library, as it is loaded at run time."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_version.restype = ctypes.POINTER(Version)
    version = library.seccomp_version().contents
    return f"{version.major}.{version.minor}.{version.micro}"


class ProgramLoad(ctypes.Structure):
    """The head of union bpf_attr for BPF_PROG_LOAD."""

    _fields_ = (
        ("prog_type", ctypes.c_uint32),
        ("insn_cnt", ctypes.c_uint32),
        ("insns", ctypes.c_void_p),
        ("license", ctypes.c_char_p),
        ("log_level", ctypes.c_uint32),
        ("log_size", ctypes.c_uint32),
        ("log_buf", ctypes.c_void_p),
        ("kern_version", ctypes.c_uint32),
        ("prog_flags", ctypes.c_uint32),
    )


def bpf_cgroup_device() -> str:
    """Loads a device program that allows everything; it is attached to nothing, and goes with this process."""
    code = ctypes.create_string_buffer(RETURN_ONE, len(RETURN_ONE))
    attr = ProgramLoad(
        prog_type=BPF_PROG_TYPE_CGROUP_DEVICE,
        insn_cnt=len(RETURN_ONE) // 8,
        insns=ctypes.addressof(code),
        license=b"Apache-2.0",
    )
    check(syscall("bpf", BPF_PROG_LOAD, ctypes.byref(attr), ctypes.sizeof(attr)), "bpf")
    return "works"
