"""`tiffin run`: from flags and an image to a container, and to its exit code."""
