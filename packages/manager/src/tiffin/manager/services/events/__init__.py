"""containerd.services.events.v1 for clients (`service`), and its sibling over ttrpc for shims (`for_shims`)."""
