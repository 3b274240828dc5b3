"""Bundles: an image unpacked to a runtime bundle, changed there, and made an image again; and changes of configs."""
