"""What is known about content, snapshots, images and leases: one SQLite file, used by several processes at once."""
