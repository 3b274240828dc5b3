"""`tiffin demo`: what happens between an image and a process, shown on this machine, with times."""
