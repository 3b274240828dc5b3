"""Which containers share a shim: those of a pod, by an annotation of their config.json.

Source: containerd, cmd/containerd-shim-runc-v2/manager/manager_linux.go.
"""

from __future__ import annotations

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.state.files import read_file
from tiffin.spec.json_tree import JSONError, decode

ANNOTATIONS = (
    "io.containerd.runc.v2.group",
    "io.kubernetes.cri.sandbox-id",
)  # the first one that is there counts


def group_of(bundle: str, identifier: str) -> str:
    """The group of a bundle's container: its own id, unless an annotation names another.

    The bundle of a sandbox may have no config.json, and is a group of its own. Raises InvalidArgument if there is one
    that is no JSON object, OSError if it cannot be read.
    """
    try:
        config = decode(read_file(f"{bundle}/config.json"))
    except FileNotFoundError:
        return identifier
    except JSONError as error:
        raise InvalidArgument(f"{bundle}/config.json: {error}") from error
    if not isinstance(config, dict):
        raise InvalidArgument(f"{bundle}/config.json is no JSON object")
    annotations = config.get("annotations")
    if isinstance(annotations, dict):
        for name in ANNOTATIONS:
            if isinstance(group := annotations.get(name), str):
                return group
    return identifier
