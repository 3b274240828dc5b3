"""Making layers: what is different between two trees, or in the upper folder of an overlay, as a tar archive."""
