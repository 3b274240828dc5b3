"""App container images, as rkt had them, become images of OCI: `import_aci`. Source: the appc specification 0.8."""

from __future__ import annotations

from tiffin.image.aci.importing import import_aci

__all__ = ["import_aci"]
