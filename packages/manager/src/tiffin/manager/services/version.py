"""The service `version`: who answers here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.version.v1.version_pb2 import VersionResponse
from tiffin.api.containerd.services.version.v1.version_services import VERSION
from tiffin.manager import VERSION as OWN
from tiffin.manager.grpc_edge.offer import Offer

if TYPE_CHECKING:
    from google.protobuf.empty_pb2 import Empty

    from tiffin.manager.grpc_edge.call import Call


def service(revision: str = "") -> Offer:
    """The service. revision: of the source, where it is known."""
    answer = VersionResponse(version=OWN, revision=revision)

    async def tell(_request: Empty, _call: Call) -> VersionResponse:
        return answer

    return Offer(VERSION, {"Version": tell})
