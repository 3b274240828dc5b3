"""TLS and the pool of connections of one host: authorities of its own beside the system's, client certificates."""

from __future__ import annotations

import os
import ssl

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from tiffin.image.errors import FailedPrecondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.cookiejar import CookieJar
    from typing import Any

    from tiffin.image.registry.hosts import Host

CONNECTIONS = 16  # kept open for each server: layers are pulled in parallel


class UnverifiedPool(HTTPSConnectionPool):
    """Connects as its base class, without the warning at each request: the user's settings say not to verify."""

    def _validate_conn(self, conn: Any) -> None:
        if conn.is_closed:
            conn.connect()


class ContextAdapter(HTTPAdapter):
    """Connects with an SSL context that was made once, where requests loads certificates for each connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=8, pool_maxsize=CONNECTIONS, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As the base class, with the context."""
        super().init_poolmanager(*args, ssl_context=self._context, **options)
        if self._context.verify_mode == ssl.CERT_NONE:
            pools = {"http": HTTPConnectionPool, "https": UnverifiedPool}
            self.poolmanager.pool_classes_by_scheme = pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """As the base class, with the context."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **options)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context has it all; but $REQUESTS_CA_BUNDLE, a path here, still counts."""
        if isinstance(verify, str):
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
            return
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"
        conn.ca_certs = conn.ca_cert_dir = None


def session_of(host: Host) -> requests.Session:
    """A session, usable by several threads at once. Raises FailedPrecondition: a certificate cannot be read."""
    session = requests.Session()
    session.cookies = _no_cookies()
    session.auth = _unchanged  # without one, requests would send what ~/.netrc has in place of our own
    adapter = ContextAdapter(context_of(host))
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    if host.proxy:
        session.proxies = {"http": host.proxy, "https": host.proxy}
    return session


def context_of(host: Host) -> ssl.SSLContext:
    """The SSL context of a host. Raises FailedPrecondition."""
    context = ssl.create_default_context()
    # as Go has it, and so Docker and skopeo: any certificate of the authorities is trusted as such, and none is refused
    # for a field that only RFC 5280 wants (Python 3.13 would)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not _system_has_authorities():
        context.load_verify_locations(certifi.where())
    try:
        for path in host.ca:
            context.load_verify_locations(path)
        for certificate, key in reversed(host.client):  # OpenSSL keeps the last one: the first shall count
            context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join((*host.ca, *(part for pair in host.client for part in pair if part)))
        raise FailedPrecondition(
            f"a certificate for {host.name} cannot be read ({files}): {error}"
        ) from error
    if host.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _system_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and os.listdir(paths.capath)))


def _no_cookies() -> Any:
    """A jar that takes none: they are of no use here, and would be shared by all threads."""
    from http.cookiejar import DefaultCookiePolicy

    jar: CookieJar = requests.cookies.RequestsCookieJar()
    jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return jar


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
