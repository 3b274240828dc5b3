"""The seccomp part of `features` (runtime-spec, features-linux.md), and more for `doctor`."""

from __future__ import annotations

from ..errors import Unsupported
from ..record import Record
from . import names
from .kernel import available_actions, flag_is_supported
from .library import Library


class SeccompFeatures(Record):
    """What we know by name, and what of it works on this host.

    enabled: libseccomp is there, and the kernel has seccomp filters.
    actions, operators, architectures, known_flags: the names that we understand.
    supported_flags, supported_actions: those of them that this kernel has.
    library_version: of libseccomp; "" if there is none, and then `reason` says why.
    """

    enabled: bool
    actions: tuple[str, ...]
    operators: tuple[str, ...]
    architectures: tuple[str, ...]
    known_flags: tuple[str, ...]
    supported_flags: tuple[str, ...]
    supported_actions: tuple[str, ...]
    library_version: str
    reason: str


def seccomp_features() -> SeccompFeatures:
    """Probes libseccomp and the kernel; never raises."""
    supported_actions = tuple(available_actions())
    version, reason = "", ""
    flags: tuple[str, ...] = ()
    try:
        library = Library()
    except Unsupported as error:
        reason = str(error)
    else:
        version = library.version
        flags = tuple(sorted(name for name, bit in names.FLAGS.items() if flag_is_supported(library, bit)))
    if not supported_actions:
        reason = "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)"
    return SeccompFeatures(
        enabled=not reason,
        actions=tuple(sorted(names.ACTIONS)),
        operators=tuple(sorted(names.OPERATORS)),
        architectures=tuple(sorted(names.ARCHITECTURES)),
        known_flags=tuple(sorted(names.FLAGS)),
        supported_flags=flags,
        supported_actions=supported_actions,
        library_version=version,
        reason=reason,
    )
