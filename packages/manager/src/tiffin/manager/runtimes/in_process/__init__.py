"""tiffin's own shim in this process: none is started, and a call is a call. The monitors keep containers safe."""
