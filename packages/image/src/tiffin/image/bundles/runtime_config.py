"""The config.json of a bundle: image-spec `conversion.md`, and a user namespace where the ids were mapped."""

from __future__ import annotations

from typing import Any

from tiffin.image.bundles.bundle import ROOTFS, mappings_tree
from tiffin.image.errors import InvalidImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.layers.owners import IdMaps
    from tiffin.spec.bundle import ContainerOptions

SHELL = ("sh",)  # umoci's, for an image that says nothing
TERMINAL_GROUP = 5  # `tty`, which the usual devpts belongs to


def runtime_config(
    tree: dict[str, Any], rootfs: str, ids: IdMaps | None, options: ContainerOptions | None = None
) -> dict[str, Any]:
    """The config of a container of an image.

    Args:
        tree: the image's config.
        rootfs: where it is unpacked; the config says `rootfs`.
        ids: how its ids are mapped, as by the user namespace of the container; None for no user namespace.
        options: what is to be otherwise than the image has it.

    Raises:
        InvalidImage: if no container can be made of it, for example as its user is not in its /etc/passwd.
    """
    import msgspec

    from tiffin.spec.bundle import AccountError, ContainerOptions, ConversionError, container_tree
    from tiffin.spec.image.config import Image
    from tiffin.spec.model import from_tree

    settings = tree.get("config") or {}
    options = options or ContainerOptions()
    silent = not (settings.get("Entrypoint") or settings.get("Cmd") or options.args or options.entrypoint)
    try:
        if silent:
            options = _with_shell(options)
        config: dict[str, Any] = {**container_tree(from_tree(tree, Image), rootfs, options)}
    except (
        msgspec.ValidationError,
        AccountError,
        ConversionError,
        OSError,
    ) as error:  # OSError: of its /etc/passwd
        raise InvalidImage(f"no container can be made of the image: {error}") from error
    config["root"] = {**config["root"], "path": ROOTFS}
    if ids is not None:
        _enter_user_namespace(config, ids)
    return config


def _with_shell(options: ContainerOptions) -> ContainerOptions:
    from dataclasses import replace

    return replace(options, args=SHELL)


def _enter_user_namespace(config: dict[str, Any], ids: IdMaps) -> None:
    linux = config["linux"] = dict(config["linux"])
    linux["namespaces"] = [*linux["namespaces"], {"type": "user"}]
    linux["uidMappings"], linux["gidMappings"] = map(mappings_tree, (ids.uids, ids.gids))
    if not any(row.container <= TERMINAL_GROUP < row.container + row.size for row in ids.gids):
        config["mounts"] = [_without_group(mount) for mount in config["mounts"]]


def _without_group(mount: dict[str, Any]) -> dict[str, Any]:
    if mount.get("type") != "devpts":
        return mount
    options = [option for option in mount.get("options", ()) if option != f"gid={TERMINAL_GROUP}"]
    return {**mount, "options": options}
