"""A container's cgroups as containerd's metrics: what `ctr task metrics` shows, and what kubelet's numbers are made of.

read      values (`values_v1`, `values_v2`) from the cgroup's files; needs no protobuf
messages  the same as io.containerd.cgroups.v1.Metrics or v2.Metrics; `measure` is what `Tasks` calls
"""
