"""What shims of all ages answer to `start`, and how the bundle keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiffin.api.containerd.runtime.bootstrap.v1.bootstrap_pb2 import BootstrapResult
from tiffin.manager.runtimes.bundles.bundle import Bundle
from tiffin.manager.runtimes.external import bootstrap
from tiffin.manager.runtimes.external.bootstrap import Bootstrap
from tiffin.runtime.errors import NotFound, OperationFailed, Unsupported

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "unix:///run/containerd/s/1234"
MESSAGE = BootstrapResult(version=3, address=ADDRESS, protocol="ttrpc").SerializeToString()


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (ADDRESS.encode(), Bootstrap(ADDRESS, 2, "ttrpc")),
        (f"{ADDRESS}\n".encode(), Bootstrap(ADDRESS, 2, "ttrpc")),
        (b'{"version":2,"address":"unix:///a","protocol":"grpc"}', Bootstrap("unix:///a", 2, "grpc")),
        (b'{"version":3,"address":"unix:///a"}', Bootstrap("unix:///a", 3, "ttrpc")),
        (MESSAGE, Bootstrap(ADDRESS, 3, "ttrpc")),
    ],
)
def test_every_form_is_read(answer: bytes, wanted: Bootstrap) -> None:
    assert bootstrap.parsed(answer) == wanted


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", OperationFailed),
        (b"  \n", OperationFailed),
        (b'{"version":4,"address":"unix:///a","protocol":"ttrpc"}', Unsupported),
        (b'{"version":2,"address":"vsock://3:1","protocol":"quic"}', Unsupported),
        (b'{"version":2,"protocol":"ttrpc"}', OperationFailed),
        (b'{"version":"two","address":"unix:///a"}', OperationFailed),
        (b'{"version":null,"address":"unix:///a"}', OperationFailed),
    ],
)
def test_what_cannot_be_used_is_refused(answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        bootstrap.parsed(answer)


def test_the_bundle_keeps_it_and_the_shims_own_file_counts_where_ours_is_missing(tmp_path: Path) -> None:
    bundle = Bundle("ns", "c", str(tmp_path), "")
    with pytest.raises(NotFound):
        bootstrap.kept(bundle)
    (tmp_path / "address").write_text(ADDRESS)
    assert bootstrap.kept(bundle) == Bootstrap(ADDRESS)
    bootstrap.keep(bundle, Bootstrap("unix:///other", 3, "grpc"))
    assert bootstrap.kept(bundle) == Bootstrap("unix:///other", 3, "grpc")


def test_a_sandboxs_shim_is_named_with_its_protocol() -> None:
    assert bootstrap.parsed_endpoint("ttrpc+unix:///a", 3) == Bootstrap("unix:///a", 3, "ttrpc")
    with pytest.raises(Unsupported):
        bootstrap.parsed_endpoint("unix:///a", 3)
