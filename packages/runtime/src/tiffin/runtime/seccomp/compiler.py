"""Compiles a profile with libseccomp: the way of a cache miss. What each rule means is in `rules`."""

from __future__ import annotations

import errno
import os
from typing import Any

from ..errors import InvalidArgument, Unsupported
from . import names
from .kernel import flag_is_supported
from .library import (
    ATTRIBUTE_NO_NEW_PRIVILEGES,
    ATTRIBUTE_OPTIMIZE,
    OPTIMIZE_BINARY_TREE,
    FilterContext,
    Library,
)
from .rules import Profile, Rule, read_profile, with_several_limits
from .unknown_syscalls import answer_unknown_syscalls, newest_syscalls

API_WITH_NOTIFY = 6
RULES_FOR_BINARY_TREE = 32  # libseccomp's linear search is as good for fewer
INSTRUCTION_SIZE = 8  # struct sock_filter


def compile_profile(tree: dict[str, Any]) -> tuple[tuple[bytes, int, tuple[str, ...]], str]:
    """Compiles the tree of linux.seccomp.

    Returns:
        (instructions, flags, warnings), and the path of the libseccomp that did it.

    Raises:
        InvalidArgument: the profile is wrong.
        Unsupported: libseccomp is missing, or it or the kernel lacks something.
    """
    profile = read_profile(tree)
    library = Library()
    if profile.notifies and library.api_level < API_WITH_NOTIFY:
        raise Unsupported(
            f"linux.seccomp: SCMP_ACT_NOTIFY needs libseccomp 2.5 and Linux 5.7; here is libseccomp {library.version}, "
            f"whose API level on this kernel is {library.api_level}, not {API_WITH_NOTIFY}"
        )
    tokens = [library.architecture(name) for name in profile.architectures]
    instructions, unknown = build_filter(library, profile, tokens)
    if not profile.permissive:
        newest = newest_syscalls(library, [rule.name for rule in profile.rules], tokens)
        instructions = answer_unknown_syscalls(newest) + instructions
    if len(instructions) > names.INSTRUCTIONS_MAXIMUM * INSTRUCTION_SIZE:
        count = len(instructions) // INSTRUCTION_SIZE
        raise InvalidArgument(f"linux.seccomp: the filter has {count} instructions, Linux takes up to 4096")
    warnings = []
    if unknown:
        listed = ", ".join(unknown)
        warnings.append(
            f"linux.seccomp: left out, since libseccomp {library.version} does not know them: {listed}"
        )
    if several := with_several_limits(profile.rules):
        warnings.append(
            f"linux.seccomp: libseccomp {library.version} may not heed all limits of an argument where there are "
            f"several, beyond 32 bits: {', '.join(several)}"
        )
    return (instructions, filter_flags(library, profile), tuple(warnings)), library.path()


def build_filter(library: Library, profile: Profile, tokens: list[int]) -> tuple[bytes, list[str]]:
    """The program without our addition, and the names of system calls that libseccomp does not know."""
    unknown: dict[str, None] = {}
    added = 0
    with FilterContext(library, profile.default_action) as context:
        check(context.set_attribute(ATTRIBUTE_NO_NEW_PRIVILEGES, 0), "linux.seccomp", "no_new_privs")
        for token, name in zip(tokens, profile.architectures, strict=True):
            check(context.add_architecture(token), "linux.seccomp.architectures", name, fine=errno.EEXIST)
        for rule in profile.rules:
            if rule.action == profile.default_action:
                continue  # libseccomp refuses what changes nothing
            number = library.syscall(rule.name)
            if number is None:
                unknown[rule.name] = None
                continue
            add_rule(context, rule, number)
            added += 1
        if added > RULES_FOR_BINARY_TREE:  # before 2.5 there is no such attribute, and no harm without it
            context.set_attribute(ATTRIBUTE_OPTIMIZE, OPTIMIZE_BINARY_TREE)
        return context.export(), list(unknown)


def add_rule(context: FilterContext, rule: Rule, number: int) -> None:
    check(context.add_rule(rule.action, number, rule.conditions), rule.where, rule.name)


def check(error: int, where: str, what: str, *, fine: int = 0) -> None:
    """Makes libseccomp's error ours.

    Raises:
        Unsupported: of an action that neither the kernel nor the library knows, and everything else.
    """
    if error and error != fine:
        raise Unsupported(f"{where}: libseccomp refuses {what}: {os.strerror(error)}")


def filter_flags(library: Library, profile: Profile) -> int:
    """The bits for seccomp(2). A profile with no `flags` gets SPEC_ALLOW, where the kernel has it (as in runc 1.2).

    Raises:
        Unsupported: the kernel lacks a flag.
    """
    flags = profile.flags
    if flags is None:
        flags = names.FLAG_SPEC_ALLOW if flag_is_supported(library, names.FLAG_SPEC_ALLOW) else 0
    else:
        for name, bit in names.FLAGS.items():
            if flags & bit and not flag_is_supported(library, bit):
                raise Unsupported(f"linux.seccomp.flags: this kernel has no {name}")
    return flags | (names.FLAG_NEW_LISTENER if profile.notifies else 0)
