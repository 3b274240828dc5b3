"""What a running `tiffind` tells of itself: logs, figures for Prometheus, the debug socket with stacks and tasks."""
