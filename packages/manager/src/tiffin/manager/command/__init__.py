"""The command `tiffind`: `main` is where it begins, `application` has its options, `serve` runs the daemon."""
