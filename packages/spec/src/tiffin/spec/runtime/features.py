"""runtime-spec 1.3, features.md: what a runtime says that it can do. A missing member means "unknown"."""

from __future__ import annotations

from typing import ClassVar

from tiffin.spec.model import Model


class FeaturesCgroup(Model, kw_only=True):
    """Kinds of cgroup management that are compiled in."""

    SECTION: ClassVar[str] = "features-linux.md: Cgroup"
    v1: bool | None = None
    v2: bool | None = None
    systemd: bool | None = None
    systemdUser: bool | None = None
    rdma: bool | None = None


class FeaturesSeccomp(Model, kw_only=True):
    """What the seccomp part recognises."""

    SECTION: ClassVar[str] = "features-linux.md: Seccomp"
    enabled: bool | None = None
    actions: list[str] | None = None
    operators: list[str] | None = None
    archs: list[str] | None = None
    knownFlags: list[str] | None = None
    supportedFlags: list[str] | None = None


class Enabled(Model, kw_only=True):
    """A part that is there or not: AppArmor, SELinux, idmapped mounts, network devices."""

    SECTION: ClassVar[str] = "features-linux.md: Linux Features Structure"
    enabled: bool | None = None


class FeaturesIntelRdt(Model, kw_only=True):
    """Intel RDT."""

    SECTION: ClassVar[str] = "features-linux.md: IntelRdt"
    enabled: bool | None = None
    schemata: bool | None = None
    monitoring: bool | None = None


class FeaturesMemoryPolicy(Model, kw_only=True):
    """Memory policies."""

    SECTION: ClassVar[str] = "features-linux.md: MemoryPolicy"
    modes: list[str] | None = None
    flags: list[str] | None = None


class FeaturesMountExtensions(Model, kw_only=True):
    """Extensions of mounts."""

    SECTION: ClassVar[str] = "features-linux.md: MountExtensions"
    idmap: Enabled | None = None


class FeaturesLinux(Model, kw_only=True):
    """The Linux part."""

    SECTION: ClassVar[str] = "features-linux.md: Linux Features Structure"
    namespaces: list[str] | None = None
    capabilities: list[str] | None = None
    cgroup: FeaturesCgroup | None = None
    seccomp: FeaturesSeccomp | None = None
    apparmor: Enabled | None = None
    selinux: Enabled | None = None
    intelRdt: FeaturesIntelRdt | None = None
    memoryPolicy: FeaturesMemoryPolicy | None = None
    mountExtensions: FeaturesMountExtensions | None = None
    netDevices: Enabled | None = None


class Features(Model, kw_only=True):
    """The features structure."""

    SECTION: ClassVar[str] = "features.md: Features Structure"
    ociVersionMin: str | None = None
    ociVersionMax: str | None = None
    hooks: list[str] | None = None
    mountOptions: list[str] | None = None
    linux: FeaturesLinux | None = None
    annotations: dict[str, str] | None = None
    potentiallyUnsafeConfigAnnotations: list[str] | None = None
