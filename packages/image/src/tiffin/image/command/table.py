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
STORE = (
    Entry("pull", "pull_", "pull", "pull an image from a registry, and unpack it"),
    Entry("push", "pull_", "push", "push an image to a registry"),
    Entry("list", "names_", "list_images", "list the images of the store"),
    Entry("tag", "names_", "tag", "give an image another name"),
    Entry("untag", "names_", "untag", "take a name away"),
    Entry("remove", "names_", "remove", "remove images, and what nothing else keeps"),
    Entry("prune", "prune_", "prune", "remove what no image keeps"),
    Entry("verify", "verify_", "verify", "check all that the store has"),
    Entry("history", "history_", "history", "show how an image was made"),
    Entry("save", "archives_", "save", "write images to a file"),
    Entry("load", "archives_", "load", "take the images of a file into the store"),
    Entry("mount", "mount_", "mount", "mount the files of an image at a folder"),
    Entry("unmount", "mount_", "unmount", "unmount them"),
)
MAKING = (
    Entry("build", "build_", "build", "build an image from a Dockerfile"),
    Entry("diff", "diff_", "diff", "show what is different between two trees"),
    Entry("unpack", "bundle_", "unpack", "unpack an image to a runtime bundle"),
    Entry("repack", "bundle_", "repack", "make an image of a bundle that was changed"),
    Entry("config", "config_", "config", "change the config of an image"),
    Entry("import-aci", "aci_", "import_aci", "make an app container image one of OCI"),
)
OTHERS = (Entry("completion", "completion_", "completion", "print the script that makes a shell complete"),)

SECTIONS = {
    "Registries and files": PLACES,
    "The local store": STORE,
    "Making images": MAKING,
    "Others": OTHERS,
}
BY_NAME = {entry.name: entry for section in SECTIONS.values() for entry in section}
