"""`tiffin system`: the store as a whole: checked, explained, cleaned up."""
