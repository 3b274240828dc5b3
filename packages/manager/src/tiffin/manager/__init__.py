"""containerd's services on the store of tiffin-image and the tasks of tiffin-shim."""
