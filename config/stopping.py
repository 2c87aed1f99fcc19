"""Whether this worker has been told to stop (SIGTERM), as the processes that do its work can ask.

Celery's main process gets the signal and waits for what its children have begun; it doesn't tell them. Work that goes
on in turns of many seconds asks here between two steps, ends its turn early, and gives its leases back, so that
another worker goes on at once. One shared byte: written by the main process, inherited by each child it forks.
"""

import mmap
from typing import Final

_byte: Final = mmap.mmap(-1, 1)  # anonymous and shared


def ask() -> None:
    """This worker shall stop."""
    _byte[0] = 1


def asked() -> bool:
    """Whether it shall; False for ever in a process that is no worker's."""
    return _byte[0] == 1
