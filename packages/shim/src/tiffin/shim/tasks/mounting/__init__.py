"""Mounts of a rootfs, as clients give them: `mount` and `unmount` do it, `options` reads fstab's options."""
