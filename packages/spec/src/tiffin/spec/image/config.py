"""image-spec 1.1, config.md: an image's parameters and layers, with the members that Docker adds."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from tiffin.spec.model import Int, Model


class ImageConfig(Model, kw_only=True):
    """How to run a container of the image. Memory to Shell are Docker's."""

    SECTION: ClassVar[str] = "config.md: Properties"
    User: str | None = None
    ExposedPorts: dict[str, Any] | None = None
    Env: list[str] | None = None
    Entrypoint: list[str] | None = None
    Cmd: list[str] | None = None
    Volumes: dict[str, Any] | None = None
    WorkingDir: str | None = None
    Labels: dict[str, str] | None = None
    StopSignal: str | None = None
    ArgsEscaped: bool | None = None
    Memory: Int | None = None
    MemorySwap: Int | None = None
    CpuShares: Int | None = None
    Healthcheck: dict[str, Any] | None = None
    OnBuild: list[str] | None = None
    Shell: list[str] | None = None


class RootFS(Model, kw_only=True):
    """The digests of the uncompressed layers, from the lowest."""

    SECTION: ClassVar[str] = "config.md: Properties"
    type: str
    diff_ids: list[str]


class History(Model, kw_only=True):
    """How a layer, or with `empty_layer` only a setting, came to be; `created` as RFC 3339 has it."""

    SECTION: ClassVar[str] = "config.md: Properties"
    created: str | None = None
    created_by: str | None = None
    author: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class Image(Model, kw_only=True):
    """The image config document."""

    SECTION: ClassVar[str] = "config.md: Properties"
    created: str | None = None
    author: str | None = None
    architecture: str
    os: str
    os_version: str | None = msgspec.field(default=None, name="os.version")
    os_features: list[str] | None = msgspec.field(default=None, name="os.features")
    variant: str | None = None
    config: ImageConfig | None = None
    rootfs: RootFS
    history: list[History] | None = None
