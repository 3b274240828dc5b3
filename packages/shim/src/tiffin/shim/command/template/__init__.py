"""A template: a process that has loaded the shim's code, and forks shims and deletes from itself.

An interpreter needs a tenth of a second to load all that a shim needs. The first shim of a containerd forks a template
when it has done so, before it does anything else; from then on `start` and `delete` hand their work over:

    containerd ──► start ──► template ── fork ──► does what `start` does, and goes on as the shim
                     ◄──────────────────── exit code ──┘

What is forked has the arguments, environment, directory and descriptors of the one that asked, and shares the memory
that nobody has written to: each shim costs a third of what it would.

    front/       hands work over: the program that containerd waits for, in C
    wire.py      what goes over the socket
    identity.py  who may ask: whoever is like the template in all that a process inherits
    loading.py   what it has loaded
    serving.py   the template's loop, and how long it lives: as long as its containerd, and a minute after the last work
    working.py   what is forked becomes the one that asked

A template keeps nothing, and may be killed at any moment: whoever gets no answer does the work itself, as does
everybody where $TIFFIN_SHIM_TEMPLATE is `no`.
"""
