"""The verbs of `tiffin-image`: a module for each, or for a few that belong together."""
