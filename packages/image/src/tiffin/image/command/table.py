"""The verbs: each with the module that has it, which is only imported when the verb is used."""

from __future__ import annotations

from tiffin.runtime.record import Record

FOLDER = "tiffin.image.command.verbs"


class Entry(Record):
    """A verb. module: below FOLDER, where it is `attribute`. summary: for the list of verbs."""

    name: str
    module: str
    attribute: str
    summary: str


PLACES = (
    Entry("copy", "copy_", "copy", "copy an image between registries, files and the store"),
    Entry("inspect", "inspect_", "inspect", "show what an image is, its manifest or its config"),
    Entry("list-tags", "tags_", "list_tags", "list the tags of a repository or of a file"),
    Entry("delete", "delete_", "delete", "delete an image from a registry"),
    Entry("digest", "digest_", "digest", "print the digest of an image"),
    Entry("manifest-digest", "digest_", "manifest_digest", "print the digest of a file with a manifest"),
    Entry("login", "login_", "login", "log in to a registry"),
    Entry("logout", "login_", "logout", "forget the login to a registry"),
)
OTHERS = (Entry("completion", "completion_", "completion", "print the script that makes a shell complete"),)

SECTIONS = {"Registries and files": PLACES, "Others": OTHERS}
BY_NAME = {entry.name: entry for section in SECTIONS.values() for entry in section}
