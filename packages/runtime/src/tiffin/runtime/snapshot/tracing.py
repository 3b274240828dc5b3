"""ptrace(2), as far as it takes to stop a child behind a certain system call and to read its registers.

Linux on x86-64: user_regs_struct is of <sys/user.h>, the numbers are of <sys/ptrace.h>.
"""

from __future__ import annotations

import ctypes
import os
import signal

from ..errors import OperationFailed

PTRACE_GETREGS = 12
PTRACE_SYSCALL = 24
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
PTRACE_O_EXITKILL = 0x100000
GETPPID = 110
NOT_YET = -38  # ENOSYS, which the kernel puts into rax while a system call has not returned

REGISTER_NAMES = (
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax",
    "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
)  # fmt: skip


class Registers(ctypes.Structure):
    """struct user_regs_struct."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in REGISTER_NAMES)


class Tracer:
    """Traces one child, which dies with us.

    Args:
        pid: the child.

    Raises:
        OSError: the kernel does not let us.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._library = ctypes.CDLL(None, use_errno=True)
        self._library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self._library.ptrace.restype = ctypes.c_long
        self._call(PTRACE_SEIZE, PTRACE_O_EXITKILL)
        self._call(PTRACE_INTERRUPT)
        self._wait()

    def run_to_getppid(self) -> Registers:
        """Lets it run until getppid(2) returns; its registers there.

        Raises:
            OperationFailed: it died before.
        """
        registers = Registers()
        while True:
            self._call(PTRACE_SYSCALL)
            self._wait()
            self._call(PTRACE_GETREGS, ctypes.addressof(registers))
            result = ctypes.c_int64(registers.rax).value
            if registers.orig_rax == GETPPID and result != NOT_YET:
                return registers

    def _wait(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        if not os.WIFSTOPPED(status):
            how = os.waitstatus_to_exitcode(status)
            raise OperationFailed(
                f"the template of the snapshot has ended ({how}, SIGKILL is {-signal.SIGKILL})"
            )

    def _call(self, request: int, data: int = 0) -> None:
        if self._library.ptrace(request, self.pid, 0, data) == -1:
            number = ctypes.get_errno()
            raise OSError(number, f"ptrace: {os.strerror(number)}")
