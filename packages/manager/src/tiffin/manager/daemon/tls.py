"""TLS for TCP: a client must have a certificate that the config's CA has signed. New files are taken at a reload."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import grpc

from tiffin.manager.config.settings import Grpc
from tiffin.runtime.errors import InvalidArgument

LOG = logging.getLogger("tiffin.manager.daemon")


class Certificates:
    """The files of [grpc], as gRPC wants them. Raises InvalidArgument: one cannot be read."""

    def __init__(self, settings: Grpc) -> None:
        self._settings = settings
        self._current = _read(settings)
        self._fresh: grpc.ServerCertificateConfiguration | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """For the server, which asks for new files at each handshake."""
        return grpc.dynamic_ssl_server_credentials(
            self._current, self._take, require_client_authentication=True
        )

    def reload(self) -> None:
        """Reads the files again; later connections get them. Raises InvalidArgument: then the old ones stay."""
        self._fresh = _read(self._settings)

    def _take(self) -> Any:
        """Called by gRPC in a thread of its own. None, which its types do not know: nothing is new."""
        fresh, self._fresh = self._fresh, None
        return fresh


def _read(settings: Grpc) -> grpc.ServerCertificateConfiguration:
    found = []
    for path in (settings.tcp_tls_key, settings.tcp_tls_cert, settings.tcp_tls_ca):
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise InvalidArgument(f"{path}: cannot be read: {error.strerror}") from None
        if b"-----BEGIN" not in content:
            raise InvalidArgument(f"{path}: is not PEM")
        found.append(content)
    key, certificate, authority = found
    return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=authority)
