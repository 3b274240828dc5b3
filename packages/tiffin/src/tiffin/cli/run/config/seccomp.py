"""The seccomp profile: the built-in one, or a file as OCI or as Docker writes it."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError
from tiffin.spec.json_tree import JSONError, decode
from tiffin.spec.runtime.seccomp_profile import ARCHITECTURES, default_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tiffin.spec.runtime.tree import SeccompTree

# what uname(2) says, and what Docker's profiles call it (Go's GOARCH)
GOARCH = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm", "armv6l": "arm"}


def builtin(capabilities: Sequence[str]) -> SeccompTree:
    """The profile that Docker and containerd share, for this machine and kernel."""
    machine = os.uname().machine
    return default_profile(machine, capabilities, kernel=_kernel())


def from_file(path: str, capabilities: Sequence[str]) -> SeccompTree:
    """A profile from a file.

    Raises:
        UsageError: if it cannot be read, or is no profile.
    """
    try:
        with open(path, "rb") as file:
            tree = decode(file.read())
    except OSError as error:
        raise UsageError(f"--security-opt: seccomp profile {path!r}: {error.strerror}") from error
    except JSONError as error:
        raise UsageError(f"--security-opt: seccomp profile {path!r} is no JSON: {error}") from error
    if not isinstance(tree, dict) or "defaultAction" not in tree:
        raise UsageError(f"--security-opt: {path!r} is no seccomp profile: it has no defaultAction")
    try:
        return _for_container(tree, capabilities)
    except (TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"--security-opt: seccomp profile {path!r} is malformed: {error}") from error


def _for_container(tree: dict[str, Any], capabilities: Sequence[str]) -> SeccompTree:
    """Docker's additions (archMap, includes, excludes) resolved; a profile without them stays as it is."""
    profile = {key: value for key, value in tree.items() if key not in ("archMap", "syscalls")}
    if "archMap" in tree:
        native = ARCHITECTURES.get(os.uname().machine, ("", ()))[0]
        for entry in tree["archMap"]:
            if entry["architecture"] == native:
                profile["architectures"] = [native, *(entry.get("subArchitectures") or ())]
    profile["syscalls"] = [
        _plain(rule) for rule in tree.get("syscalls") or () if _applies(rule, capabilities)
    ]
    return profile  # type: ignore[return-value]  # the runtime validates what came from the file


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    kept = {key: rule[key] for key in ("names", "action", "errnoRet", "args") if rule.get(key) is not None}
    if "name" in rule and "names" not in kept:
        kept["names"] = [rule["name"]]
    return kept


def _applies(rule: dict[str, Any], capabilities: Sequence[str]) -> bool:
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    machine = os.uname().machine
    arch = GOARCH.get(machine, machine)
    if set(excludes.get("caps") or ()) & set(capabilities) or arch in (excludes.get("arches") or ()):
        return False
    if not set(includes.get("caps") or ()) <= set(capabilities):
        return False
    if includes.get("arches") and arch not in includes["arches"]:
        return False
    return not includes.get("minKernel") or _version(includes["minKernel"]) <= _kernel()


def _kernel() -> tuple[int, int]:
    return _version(os.uname().release)


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    digits = len(minor) - len(minor.lstrip("0123456789"))
    return int(major), int(minor[:digits] or 0)
