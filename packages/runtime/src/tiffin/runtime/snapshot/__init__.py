"""A snapshot of the interpreter with our modules loaded, which the front goes on from instead of starting another one.

An interpreter needs 7 ms to start and 4 more to load our code; to map the memory of one that has done so needs less
than one (docs/architecture.md, "The snapshot").

    take.py       when, and where it is kept       template.py   what the interpreter does that the image is of
    tracing.py    ptrace(2)                        preloading.py which modules it loads
    areas.py      its memory                       image.py      the file, which front/resume.c reads
    heap.py       what it must not believe of it

It is of x86-64 alone; elsewhere, and wherever one cannot be taken or kept, the interpreter starts as usual.
"""
