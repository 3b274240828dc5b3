"""What settings must hold together, beyond each alone."""

from __future__ import annotations

from collections.abc import Iterator

from tiffin.manager.config.problem import Problem
from tiffin.manager.config.runtime_options import options_message
from tiffin.manager.config.settings import Config, Grpc
from tiffin.runtime.errors import InvalidArgument

_HANDLERS = ("plugins", "io.containerd.cri.v1.runtime", "containerd")


def inconsistencies(config: Config) -> Iterator[Problem]:
    """Everything that is wrong, each with the setting at which to look."""
    if config.root == config.state:
        yield Problem(("state",), "is the same folder as root: what is there may be removed at any time")
    if not config.grpc.address:
        yield Problem(("grpc", "address"), "is empty: clients need a socket")
    yield from _tls(config.grpc)
    for name, proxy in config.proxy_plugins.items():
        if not proxy.type:
            yield Problem(("proxy_plugins", name), 'needs type = "snapshot" or "content"')
        if not proxy.address:
            yield Problem(("proxy_plugins", name), "needs an address")
    for name in set(config.disabled_plugins) & set(config.required_plugins):
        yield Problem(("required_plugins",), f"has {name!r}, which disabled_plugins has too")
    yield from _handlers(config)


def _tls(grpc: Grpc) -> Iterator[Problem]:
    files = {
        "tcp_tls_ca": grpc.tcp_tls_ca,
        "tcp_tls_cert": grpc.tcp_tls_cert,
        "tcp_tls_key": grpc.tcp_tls_key,
    }
    if grpc.tcp_address:
        for key in (key for key, path in files.items() if not path):
            yield Problem(
                ("grpc", "tcp_address"),
                f"needs {key} too: TCP is served with TLS and client certificates only",
            )


def _handlers(config: Config) -> Iterator[Problem]:
    handlers = config.plugins.runtime.containerd
    for name, handler in handlers.runtimes.items():
        if not handler.runtime_type:
            yield Problem(
                (*_HANDLERS, "runtimes", name), 'needs runtime_type, for example "io.containerd.runc.v2"'
            )
        try:
            options_message(handler)
        except InvalidArgument as error:
            yield Problem((*_HANDLERS, "runtimes", name, "options"), str(error))
    if handlers.default_runtime_name not in handlers.runtimes:
        known = ", ".join(handlers.runtimes)
        wrong = f"is {handlers.default_runtime_name!r}, which no handler is called; there are: {known}"
        yield Problem((*_HANDLERS, "default_runtime_name"), wrong)
