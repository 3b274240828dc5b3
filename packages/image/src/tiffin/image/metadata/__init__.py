"""What is known about all that a store has: one SQLite file, used by several processes at once.

Content, snapshots, images and leases are read and written here; containers and sandboxes by the manager.
"""
