"""The store of unpacked images, and the writable root file systems that containers get from it."""
