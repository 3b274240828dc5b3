"""What the manager knows of containers and sandboxes, in the store's database; and the store in any namespace's name.

Content, snapshots, images and leases are known to tiffin.image. The tables: `tiffin.image.metadata.migrations`.
"""
