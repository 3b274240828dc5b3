"""features: what this runtime can do, as JSON (runtime-spec 1.3, features.md), out of the tables that the code uses.

A name stands here if we understand it, whether this host's kernel has it or not: `tiffin doctor` tells of the host.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tiffin.spec.json_tree import encode
from tiffin.spec.runtime.capabilities import NAMES as CAPABILITIES
from tiffin.spec.runtime.defaults import SPEC_VERSION
from tiffin.spec.runtime.validation.table import MEMORY_POLICY_FLAG, MEMORY_POLICY_MODE, OBJECTS

from ...cgroup.systemd_annotations import PREFIX as SYSTEMD_PROPERTY
from ...checkpoint.options import CONFIG_ANNOTATION as CRIU_CONFIG
from ...compile.mount_options import known_options
from ...compile.namespaces import FLAGS as NAMESPACES
from ...seccomp.features import seccomp_features
from ...version import VERSION

if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ...seccomp.features import SeccompFeatures
    from ..parse import Invocation

OLDEST_SPEC = "1.0.0"
UNSAFE_ANNOTATIONS = (SYSTEMD_PROPERTY, CRIU_CONFIG)
"""Annotations that can change what the runtime does on the host: a caller must not pass on those of strangers."""


def run_verb(settings: Settings, invocation: Invocation) -> int:  # noqa: ARG001  # the form of every verb
    sys.stdout.write(encode(features(), indent=4) + "\n")
    return 0


def features() -> dict[str, Any]:
    """The features structure, as a tree."""
    seccomp = seccomp_features()
    annotations = {
        "dev.tiffin.runtime.version": VERSION,
        # callers written for runc (podman, containerd) ask by this name whether checkpoint is there
        "org.opencontainers.runc.checkpoint.enabled": "true",
    }
    if seccomp.library_version:
        annotations["io.github.seccomp.libseccomp.version"] = seccomp.library_version
    return {
        "ociVersionMin": OLDEST_SPEC,
        "ociVersionMax": SPEC_VERSION,
        "hooks": list(OBJECTS["Hooks"][0]),
        "mountOptions": known_options(),
        "linux": _linux(seccomp),
        "annotations": annotations,
        "potentiallyUnsafeConfigAnnotations": list(UNSAFE_ANNOTATIONS),
    }


def _linux(seccomp: SeccompFeatures) -> dict[str, Any]:
    return {
        "namespaces": sorted(NAMESPACES),
        "capabilities": list(CAPABILITIES),
        "cgroup": {"v1": True, "v2": True, "systemd": True, "systemdUser": True, "rdma": True},
        "seccomp": {
            "enabled": seccomp.enabled,
            "actions": list(seccomp.actions),
            "operators": list(seccomp.operators),
            "archs": list(seccomp.architectures),
            "knownFlags": list(seccomp.known_flags),
            "supportedFlags": list(seccomp.supported_flags),
        },
        "apparmor": {"enabled": True},
        "selinux": {"enabled": True},
        "intelRdt": {"enabled": True, "schemata": True, "monitoring": True},
        "memoryPolicy": {"modes": list(MEMORY_POLICY_MODE[1]), "flags": list(MEMORY_POLICY_FLAG[1])},
        "mountExtensions": {"idmap": {"enabled": True}},
        "netDevices": {"enabled": True},
    }
