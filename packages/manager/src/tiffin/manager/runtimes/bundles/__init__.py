"""Bundles: the folder that a shim is given for each container.

`bundle` says what is in it, `make` and `remove` make and remove it, `mark` is what it says of its task's runtime.
"""
