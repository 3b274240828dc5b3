"""The state directory: what is known of each container on disk, and the status that is derived from it."""
