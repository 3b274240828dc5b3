"""linux.seccomp: a profile becomes a BPF program, through libseccomp, with a cache. Start with `filter`."""
