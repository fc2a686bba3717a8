"""A process that ends with the one that started it, also when that one is killed and can tell nobody."""

import os
import signal
import threading

# The number of an open pipe whose other end the parent holds.
PARENT = "PACTA_PARENT"


def end_with_parent() -> int | None:
    """Gets SIGTERM once nobody holds the other end any more; the pipe's number, None for who was told of none."""
    told = os.environ.pop(PARENT, "")
    if not told:
        return None
    threading.Thread(target=_watch, args=[int(told)], daemon=True).start()
    return int(told)


def _watch(pipe: int) -> None:
    """Nothing is ever written into it: a read ends with the last process that could."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
