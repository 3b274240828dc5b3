"""From an image's config to a container's: image-spec 1.1, conversion.md, with the defaults of Docker.

config = container_config(image, rootfs, ContainerOptions(args=["sh"]))
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.bundle.account import AccountError as AccountError
    from tiffin.spec.bundle.account import ContainerUser as ContainerUser
    from tiffin.spec.bundle.account import find_user as find_user
    from tiffin.spec.bundle.conversion import ContainerOptions as ContainerOptions
    from tiffin.spec.bundle.conversion import ConversionError as ConversionError
    from tiffin.spec.bundle.conversion import container_config as container_config
    from tiffin.spec.bundle.conversion import container_tree as container_tree

_MODULES = {
    "account": ("AccountError", "ContainerUser", "find_user"),
    "conversion": ("ContainerOptions", "ConversionError", "container_config", "container_tree"),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(__import__(f"{__name__}.{module}", fromlist=(name,)), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
