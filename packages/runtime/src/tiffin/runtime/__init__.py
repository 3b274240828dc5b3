"""The native executor: OCI bundles to processes. `Runtime` is the API, `tiffin-runtime` the command."""
