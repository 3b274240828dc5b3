"""The command `containerd-shim-tiffin-v2`: what containerd executes, and the process that serves."""
