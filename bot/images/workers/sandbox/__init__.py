"""Takes from a process what reading a picture has no use for, as far as the system lets it.

``landlock`` takes the file system, but for what Python, its libraries and fonts are read from;
``seccomp`` takes every call to the kernel but those that reckoning takes.  Either may be missing
(another system, an old kernel, a container that forbids it): then reading goes on without, in a
process that is limited in time and memory and can be killed all the same.  What holds is found by
trying, in the process itself, and told by :class:`bot.images.Guard`.
"""

from bot.images.model import Guard
from bot.images.workers.sandbox import landlock, seccomp, trial


def enter() -> tuple[Guard, ...]:
    """Enter the sandbox, for good.  Gives one :class:`Guard` for each thing that it should take.

    Call it in the process's only thread; those that it starts later are inside as well.
    """
    by_landlock = landlock.restrict(landlock.readable())
    by_seccomp = seccomp.restrict()
    return trial.guards(by_landlock, by_seccomp)
