"""RUN: a command in a container whose root is the mounted tree of the stage.

    the builder ──starts once──► server, which has everything imported
                                   └─forks─► watcher: own mount namespace with a tmpfs; kills what is below if the
                                             builder goes away, and removes its cgroups
                                               └─forks─► init of a pid namespace: mounts the tree, runs the container

The watcher sees the end of the builder by its socket; init ends with the watcher (PR_SET_PDEATHSIG), and all processes
and mounts end with init.
"""
