"""Control groups: where a container's are, what is written to them, and what they tell. Start with `manager`."""
