"""The service `diff`: layers to trees (`apply`), and what is different between two trees to a layer (`compare`).

Trees are given as mounts. `trees` tells which folders they are, or mounts them where nobody else sees it.
"""

from tiffin.manager.services.diff.service import service

__all__ = ["service"]
