"""Options of mounts: flags, data, and what does not fit into a page."""

from __future__ import annotations

import os

import pytest

from tiffin.runtime.errors import InvalidArgument, Unsupported
from tiffin.shim.tasks.mounting.layers import MOST_BYTES, escaped, shortened, split_folders
from tiffin.shim.tasks.mounting.options import (
    MS_BIND,
    MS_NOATIME,
    MS_NODEV,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_SLAVE,
    MountOptions,
    read_options,
)


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ([], MountOptions(0, 0, ())),
        (["ro", "nosuid", "nodev"], MountOptions(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, ())),
        (["ro", "rw", "noatime", "defaults"], MountOptions(MS_NOATIME, 0, ())),
        (["rbind", "ro"], MountOptions(MS_BIND | MS_REC | MS_RDONLY, 0, ())),
        (["bind", "rslave"], MountOptions(MS_BIND | MS_REC, MS_SLAVE | MS_REC, ())),
        (["lowerdir=/a:/b", "index=off", "ro"], MountOptions(MS_RDONLY, 0, ("lowerdir=/a:/b", "index=off"))),
    ],
)
def test_flags_and_data(options: list[str], read: MountOptions) -> None:
    assert read_options(options) == read


def test_what_is_more_than_a_mount_is_refused() -> None:
    for option in ("loop", "uidmap=0:0:1", "gidmap=0:0:1"):
        with pytest.raises(Unsupported, match=option):
            read_options([option])
    with pytest.raises(InvalidArgument, match=r"X-containerd\.x"):
        read_options(["X-containerd.x=1"])


def test_few_layers_stay_as_they_are() -> None:
    options = ("index=off", "lowerdir=/a/1:/a/2", "upperdir=/u")
    assert shortened(options).options == options
    assert shortened(options).directory == ""


def test_many_layers_are_told_from_the_folder_that_all_are_in() -> None:
    layers = [f"/var/lib/store/snapshots/{number}:{'x' * 30}\\/fs" for number in range(80)]
    lower = "lowerdir=" + ":".join(map(escaped, layers))
    short = shortened(("a", lower, "upperdir=/u"))
    assert short.directory == "/var/lib/store/snapshots"
    assert (short.options[0], short.options[2]) == ("a", "upperdir=/u")
    assert len(",".join(short.options)) < len(lower)
    told = list(split_folders(short.options[1].removeprefix("lowerdir=")))
    assert [os.path.join(short.directory, one) for one in told] == layers


def test_one_layer_cannot_be_shorter() -> None:
    options = ("lowerdir=/" + "x" * MOST_BYTES,)
    assert shortened(options).options == options


def test_folders_of_a_lowerdir_are_split_as_overlayfs_does() -> None:
    assert list(split_folders(r"/a\:b:/c\\d:e")) == ["/a:b", "/c\\d", "e"]
    assert list(split_folders("")) == []
