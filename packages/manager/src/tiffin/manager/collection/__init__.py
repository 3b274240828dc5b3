"""When garbage is collected, as containerd's scheduler decides it. What is garbage, tiffin.image.collection knows."""
