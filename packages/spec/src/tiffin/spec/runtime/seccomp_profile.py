"""The default seccomp profile: what the one that Docker and containerd share allows, made for one container.

A cold module. Which system calls are allowed depends on the architecture, on the capabilities in the bounding set,
and on the kernel. The table below is the one place for that; its facts are those of github.com/moby/profiles.
Everything else returns EPERM, and clone3 ENOSYS, so that a libc falls back to clone, whose flags can be seen.
"""

from __future__ import annotations

from tiffin.spec.runtime.capabilities import DEFAULT as CAPABILITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.spec.runtime.tree import SeccompArgumentTree, SeccompSyscallTree, SeccompTree

    Rule = tuple[str, tuple[SeccompArgumentTree, ...], str, tuple[str, ...], tuple[int, int]]

ARCHITECTURES = {
    # what uname(2) says: (what libseccomp calls it, what else the same kernel runs)
    "x86_64": ("SCMP_ARCH_X86_64", ("SCMP_ARCH_X86", "SCMP_ARCH_X32")),
    "i386": ("SCMP_ARCH_X86", ()),
    "i686": ("SCMP_ARCH_X86", ()),
    "aarch64": ("SCMP_ARCH_AARCH64", ("SCMP_ARCH_ARM",)),
    "armv6l": ("SCMP_ARCH_ARM", ()),
    "armv7l": ("SCMP_ARCH_ARM", ()),
    "armv8l": ("SCMP_ARCH_ARM", ()),
    "riscv64": ("SCMP_ARCH_RISCV64", ()),
    "s390x": ("SCMP_ARCH_S390X", ("SCMP_ARCH_S390",)),
    "ppc64le": ("SCMP_ARCH_PPC64LE", ()),
    "ppc64": ("SCMP_ARCH_PPC64", ()),
    "loongarch64": ("SCMP_ARCH_LOONGARCH64", ()),
    "mips64": ("SCMP_ARCH_MIPS64", ("SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64N32")),
    "mips64el": ("SCMP_ARCH_MIPSEL64", ("SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32")),
}
"""A machine that is not here gets no `architectures`: its own alone."""

_ALWAYS = """
    accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32
    clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
    clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2
    dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
    epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
    fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat
    fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64
    fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64
    futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd
    getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32
    getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32
    getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday
    getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1
    inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup
    io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset
    landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr
    listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise
    map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock
    mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive
    mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget
    msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat _newselect
    open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free
    pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease
    pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv
    recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename
    renameat renameat2 restart_syscall riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending
    rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
    rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
    sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
    sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select
    semctl semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg
    sendto set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32
    setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32
    setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt
    setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd
    signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64
    statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time
    timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime
    timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
    timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat
    uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write
    writev
"""
_X86 = ("i386", "i686", "x86_64")
_ARM = ("armv6l", "armv7l", "armv8l", "aarch64")
_S390 = ("s390", "s390x")
_NAMESPACE_FLAGS = 0x7E020000  # clone(2): CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET
_EPERM, _ENOSYS = 1, 38
_AF_ALG, _AF_KCM, _AF_VSOCK = 38, 39, 40


def _argument(index: int, operator: str, value: int) -> SeccompArgumentTree:
    return {"index": index, "value": value, "op": "SCMP_CMP_" + operator}


def _allow(
    names: str,
    *arguments: SeccompArgumentTree,
    capability: str = "",
    machines: tuple[str, ...] = (),
    kernel: tuple[int, int] = (0, 0),
) -> Rule:
    """Allowed if all arguments match, with this capability, on these machines, since this kernel."""
    return names, arguments, capability, machines, kernel


_RULES = (
    _allow(_ALWAYS),
    _allow("process_vm_readv process_vm_writev ptrace", kernel=(4, 8)),  # before, ptrace led around seccomp
    # neither AF_ALG, the kernel's ciphers, nor AF_VSOCK, which network namespaces do not hold back
    _allow("socket", _argument(0, "LT", _AF_ALG)),
    _allow("socket", _argument(0, "EQ", _AF_KCM)),
    _allow("socket", _argument(0, "GT", _AF_VSOCK)),
    _allow("personality", _argument(0, "EQ", 0x0)),  # PER_LINUX
    _allow("personality", _argument(0, "EQ", 0x8)),  # PER_LINUX32
    _allow("personality", _argument(0, "EQ", 0x20000)),  # UNAME26
    _allow("personality", _argument(0, "EQ", 0x20008)),  # both
    _allow("personality", _argument(0, "EQ", 0xFFFFFFFF)),  # asks only
    _allow("sync_file_range2 swapcontext", machines=("ppc64le",)),
    _allow(
        "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls", machines=_ARM
    ),
    _allow("arch_prctl", machines=("x86_64",)),
    _allow("modify_ldt", machines=_X86),
    _allow("s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr", machines=_S390),
    _allow("riscv_flush_icache", machines=("riscv64",)),
    _allow("open_by_handle_at", capability="CAP_DAC_READ_SEARCH"),
    _allow(
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr"
        " lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl"
        " quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare",
        capability="CAP_SYS_ADMIN",
    ),
    _allow("reboot", capability="CAP_SYS_BOOT"),
    _allow("chroot", capability="CAP_SYS_CHROOT"),
    _allow("delete_module init_module finit_module", capability="CAP_SYS_MODULE"),
    _allow("acct", capability="CAP_SYS_PACCT"),
    _allow(
        "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
        capability="CAP_SYS_PTRACE",
    ),
    _allow("iopl ioperm", capability="CAP_SYS_RAWIO"),
    _allow("settimeofday stime clock_settime clock_settime64", capability="CAP_SYS_TIME"),
    _allow("vhangup", capability="CAP_SYS_TTY_CONFIG"),
    _allow("get_mempolicy mbind set_mempolicy set_mempolicy_home_node", capability="CAP_SYS_NICE"),
    _allow("syslog", capability="CAP_SYSLOG"),
    _allow("bpf", capability="CAP_BPF"),
    _allow("perf_event_open", capability="CAP_PERFMON"),
)


def default_profile(
    machine: str, capabilities: Iterable[str] = CAPABILITIES, *, kernel: tuple[int, int] = (4, 8)
) -> SeccompTree:
    """The profile for a container.

    Args:
        machine: the architecture as uname(2) says it, such as x86_64.
        capabilities: the bounding set.
        kernel: its version and patch level, such as (6, 1).
    """
    granted = set(capabilities)
    allowed: set[str] = set()
    conditional: list[SeccompSyscallTree] = []
    for names, arguments, capability, machines, since in _RULES:
        if (
            kernel < since
            or (machines and machine not in machines)
            or (capability and capability not in granted)
        ):
            continue
        if arguments:
            entry: SeccompSyscallTree = {
                "names": names.split(),
                "action": "SCMP_ACT_ALLOW",
                "args": list(arguments),
            }
            conditional.append(entry)
        else:
            allowed.update(names.split())
    if "CAP_SYS_ADMIN" not in granted:
        conditional += _clone(machine)
    profile: SeccompTree = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": _EPERM}
    if machine in ARCHITECTURES:
        native, also = ARCHITECTURES[machine]
        profile["architectures"] = [native, *also]
    profile["syscalls"] = [{"names": sorted(allowed), "action": "SCMP_ACT_ALLOW"}, *conditional]
    return profile


def _clone(machine: str) -> list[SeccompSyscallTree]:
    """Threads and processes, but no namespaces. On s390 the flags are the second argument (clone(2), NOTES)."""
    flags = 1 if machine in _S390 else 0
    argument: SeccompArgumentTree = {
        "index": flags,
        "value": _NAMESPACE_FLAGS,
        "valueTwo": 0,
        "op": "SCMP_CMP_MASKED_EQ",
    }
    return [
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [argument]},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS},
    ]
