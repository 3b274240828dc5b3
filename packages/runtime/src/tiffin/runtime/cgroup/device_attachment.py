"""Loads a device filter, and puts it in the place of the one that a cgroup v2 has (bpf(2)).

The new program is attached before the old one is detached, or replaces it in one step (BPF_F_REPLACE, Linux 5.6):
there is no moment in which every device is allowed. Programs that others attached above stay in force.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform

from ..errors import OperationFailed, Unsupported

SYSTEM_CALLS = {
    "x86_64": 321,
    "aarch64": 280,
    "riscv64": 280,
    "s390x": 351,
    "ppc64le": 361,
    "loongarch64": 280,
}
PROG_LOAD, PROG_ATTACH, PROG_DETACH, PROG_GET_FD_BY_ID, PROG_QUERY = 5, 8, 9, 13, 16
PROG_TYPE_CGROUP_DEVICE, CGROUP_DEVICE = 15, 6
ALLOW_MULTI, REPLACE = 2, 4
LICENSE = b"Apache-2.0\0"
LOAD_TRIES = 30
MAX_PROGRAMS = 64
LOG_SIZE = 1 << 16
INSTRUCTION_SIZE = 8


class LoadAttributes(ctypes.Structure):
    """union bpf_attr for BPF_PROG_LOAD, its beginning."""

    _fields_ = (
        ("prog_type", ctypes.c_uint32),
        ("insn_cnt", ctypes.c_uint32),
        ("insns", ctypes.c_uint64),
        ("license", ctypes.c_uint64),
        ("log_level", ctypes.c_uint32),
        ("log_size", ctypes.c_uint32),
        ("log_buf", ctypes.c_uint64),
    )


class AttachAttributes(ctypes.Structure):
    """union bpf_attr for BPF_PROG_ATTACH and BPF_PROG_DETACH."""

    _fields_ = (
        ("target_fd", ctypes.c_uint32),
        ("attach_bpf_fd", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("attach_flags", ctypes.c_uint32),
        ("replace_bpf_fd", ctypes.c_uint32),
    )


class QueryAttributes(ctypes.Structure):
    """union bpf_attr for BPF_PROG_QUERY, in full: kernels from 6.17 write its last field whatever size is given."""

    _fields_ = (
        ("target_fd", ctypes.c_uint32),
        ("attach_type", ctypes.c_uint32),
        ("query_flags", ctypes.c_uint32),
        ("attach_flags", ctypes.c_uint32),
        ("prog_ids", ctypes.c_uint64),
        ("prog_cnt", ctypes.c_uint32),
        ("padding", ctypes.c_uint32),
        ("prog_attach_flags", ctypes.c_uint64),
        ("link_ids", ctypes.c_uint64),
        ("link_attach_flags", ctypes.c_uint64),
        ("revision", ctypes.c_uint64),
    )


def replace_program(cgroup: str, instructions: bytes) -> None:
    """Makes the program the only device filter of this cgroup.

    Args:
        cgroup: directory of a cgroup v2.
        instructions: of `device_program.assemble`.

    Raises:
        OSError: the kernel's reason.
        OperationFailed: the kernel's verifier refused the program.
        Unsupported: an architecture without a known system call number.
    """
    directory = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    opened = [directory]
    try:
        old = [_open_program(number) for number in attached_programs(directory)]
        opened += old
        new = _load(instructions)
        opened.append(new)
        if len(old) == 1 and _attach(directory, new, replaced=old[0]):
            return
        _attach(directory, new)
        for program in old:
            detach = AttachAttributes(directory, program, CGROUP_DEVICE, 0, 0)
            _bpf(PROG_DETACH, detach)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def attached_programs(directory: int) -> list[int]:
    """The ids of the device filters of a cgroup itself, given its open directory."""
    numbers = (ctypes.c_uint32 * MAX_PROGRAMS)()
    query = QueryAttributes(
        target_fd=directory,
        attach_type=CGROUP_DEVICE,
        prog_ids=ctypes.addressof(numbers),
        prog_cnt=MAX_PROGRAMS,
    )
    _bpf(PROG_QUERY, query)
    return list(numbers[: query.prog_cnt])


def _open_program(number: int) -> int:
    return _bpf(PROG_GET_FD_BY_ID, ctypes.c_uint32(number))


def _attach(directory: int, program: int, *, replaced: int | None = None) -> bool:
    """Attaches it; False if it should replace another, and the kernel or that other does not allow it."""
    flags = ALLOW_MULTI if replaced is None else ALLOW_MULTI | REPLACE
    try:
        _bpf(PROG_ATTACH, AttachAttributes(directory, program, CGROUP_DEVICE, flags, replaced or 0))
    except OSError as error:
        if replaced is None or error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
        return False
    return True


def _load(instructions: bytes) -> int:
    """Loads the program; if the verifier refuses it, once more to get its reason."""
    text = ctypes.create_string_buffer(instructions, len(instructions))
    license_text = ctypes.create_string_buffer(LICENSE)
    attributes = LoadAttributes(
        PROG_TYPE_CGROUP_DEVICE,
        len(instructions) // INSTRUCTION_SIZE,
        ctypes.addressof(text),
        ctypes.addressof(license_text),
    )
    for _ in range(LOAD_TRIES):
        try:
            return _bpf(PROG_LOAD, attributes)
        except OSError as error:
            # The verifier gives up when a signal arrives.
            if error.errno == errno.EAGAIN:
                continue
            if error.errno not in (errno.EINVAL, errno.EACCES):
                raise
            log = ctypes.create_string_buffer(LOG_SIZE)
            attributes.log_level, attributes.log_size = 1, LOG_SIZE
            attributes.log_buf = ctypes.addressof(log)
            return _load_with_log(attributes, log)
    raise OSError(errno.EAGAIN, "BPF_PROG_LOAD was interrupted again and again")


def _load_with_log(attributes: LoadAttributes, log: ctypes.Array[ctypes.c_char]) -> int:
    try:
        return _bpf(PROG_LOAD, attributes)
    except OSError as error:
        reason = log.value.decode(errors="replace").strip()
        raise OperationFailed(
            f"BPF_PROG_LOAD: {error.strerror}: {reason}",
            where="linux.resources.devices",
            errno=error.errno or 0,
        ) from error


def _bpf(command: int, attributes: ctypes.Structure | ctypes.c_uint32) -> int:
    machine = platform.machine()
    if machine not in SYSTEM_CALLS:
        raise Unsupported(f"device filters of cgroup v2 are not known for {machine}")
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(
        ctypes.c_long(SYSTEM_CALLS[machine]),
        ctypes.c_int(command),
        ctypes.byref(attributes),
        ctypes.c_uint(ctypes.sizeof(attributes)),
    )
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
