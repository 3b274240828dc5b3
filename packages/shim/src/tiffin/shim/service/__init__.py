"""What a shim answers over ttrpc: tasks (versions 2 and 3) and sandboxes, mapped onto `tiffin.shim.tasks.Tasks`."""
