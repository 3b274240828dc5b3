"""Messages and stubs of containerd's services, its shims, its events and CRI, generated from the texts in proto/."""
