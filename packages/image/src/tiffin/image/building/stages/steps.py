"""The steps of a stage: what changes files, with everything that it depends on; and what only changes the config."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.image.documents import Descriptor, Platform


class Origin(Record):
    """Where files come from. kind: `context`, `stage`, `image`, or `scratch` for nothing.

    name: of the context ("" for the main one), or the image's reference. stage: its number.
    """

    kind: str
    name: str = ""
    stage: int = -1


CONTEXT = Origin("context")
SCRATCH = Origin("scratch")


class Step(Record):
    """Any step; one of this class itself changes the config only.

    line: in the Dockerfile. text: the instruction as written. created_by: what the image's history says.
    """

    line: int
    text: str
    created_by: str


class WorkdirStep(Step):
    """Makes a directory, if it is missing. user: whom what is made belongs to."""

    path: str = "/"
    user: str = ""


class CopyFile(Record):
    """A file that stands in the Dockerfile itself."""

    name: str
    content: str


class CopyStep(Step):
    """COPY and ADD.

    target: absolute; a `/` at its end demands a directory. files: heredocs. add: it is ADD, with its addresses and
    archives. unpack: whether these are unpacked; None: local ones. keep_git: repositories with their folder `.git`.
    """

    origin: Origin = CONTEXT
    sources: tuple[str, ...] = ()
    files: tuple[CopyFile, ...] = ()
    target: str = "/"
    chown: str = ""
    chmod: str = ""
    link: bool = False
    parents: bool = False
    exclude: tuple[str, ...] = ()
    add: bool = False
    checksum: str = ""
    unpack: bool | None = None
    keep_git: bool = False


class RunMount(Record):
    """`RUN --mount`. fields: as `MountFlag` has them, expanded. origin: what a bind or a cache starts from."""

    type: str
    fields: tuple[tuple[str, str], ...]
    origin: Origin | None = None

    def get(self, name: str, default: str = "") -> str:
        """A field's value."""
        return dict(self.fields).get(name, default)

    def switch(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.get(name) == "true"


class RunStep(Step):
    """RUN.

    args: the program and its arguments. script: content of an executable that the first of them names, or "".
    env: variables, name=value. hidden_env: more of them, that no result may depend on (proxies).
    """

    args: tuple[str, ...] = ()
    script: str = ""
    env: tuple[str, ...] = ()
    hidden_env: tuple[str, ...] = ()
    user: str = ""
    folder: str = "/"
    mounts: tuple[RunMount, ...] = ()
    network: str = "default"
    security: str = "sandbox"


class BaseImage(Record):
    """An image that a stage starts from, or that files come from.

    name: as it was asked for. digest: of its config. tree: the config. layers: of its manifest.
    """

    name: str
    digest: str
    tree: dict[str, Any]
    layers: tuple[Descriptor, ...] = ()

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Of its layers."""
        return tuple(self.tree["rootfs"]["diff_ids"])


class Stage(Record):
    """A stage.

    base: what it starts from. image: that as an image. steps: all of them, in order.
    tree: the config at its end, without `rootfs` and `history`. needs: the stages that must be there before it.
    """

    number: int
    name: str
    line: int
    base: Origin
    platform: Platform
    image: BaseImage | None
    steps: tuple[Step, ...]
    tree: dict[str, Any]
    needs: tuple[int, ...]

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.name or f"stage-{self.number}"


def origins_of(step: Step) -> tuple[Origin, ...]:
    """Where a step reads files from, beside the root file system itself."""
    if isinstance(step, CopyStep):
        return (step.origin,)
    if isinstance(step, RunStep):
        return tuple(mount.origin for mount in step.mounts if mount.origin is not None)
    return ()
