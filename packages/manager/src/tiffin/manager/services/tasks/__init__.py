"""containerd.services.tasks.v1: `service` has the methods, `messages` what they are told in, `checkpoints` the images.

Source: containerd's plugins/services/tasks.
"""
