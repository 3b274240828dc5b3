"""What the tests of all packages share. `plugin` is the pytest plugin; the other modules are plain Python.

requirements   @pytest.mark.requires("root", "runc"): the names are the rows of `tiffin doctor`
tiers          which test belongs to which tier of ./test
rootfs, bundle a root file system of busybox, an OCI bundle around it
oci_runtime    an OCI runtime as a subject: ours, runc, crun; the same tests run with each
cgroups, leaks a cgroup of the tests' own; the check that a test left nothing behind
ordinary_user  runs a command as an ordinary user, though root started it
"""
