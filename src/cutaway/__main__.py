"""The process ``cutaway``, which ``python -m cutaway`` is too: the command line, and what Ctrl-C does at any moment.

Ctrl-C ends the process with 130 and without a word: at once while modules are loaded and after all is done, and in
between as the `KeyboardInterrupt` that takes away what is unfinished. A process that a shell has started to ignore it,
as one in the background of a script, does so.
"""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 130


def main() -> int:
    """Run the command that the words of this process name.

    Returns:
        The exit code, as that of `cutaway.cli.main`.

    Raises:
        SystemExit: As `cutaway.cli.main` does.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        return _interruptible()
    from cutaway.cli import main as run

    return run()


def _interruptible() -> int:
    signal.signal(signal.SIGINT, _leave)
    sys.unraisablehook = _not_lost
    from cutaway.cli import main as run  # the most of what takes time before a command begins

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return run()
    except KeyboardInterrupt:  # between the lines above, or a second one
        return _INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(*_: object) -> None:
    os._exit(_INTERRUPTED)  # nothing is written yet, or everything


def _not_lost(unraisable: sys.UnraisableHookArgs) -> None:
    """Interrupt again a little later where it hit code whose errors Python only prints, such as a destructor."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    from _thread import interrupt_main
    from threading import Timer

    again = Timer(0.01, interrupt_main)
    again.daemon = True
    again.start()


if __name__ == "__main__":
    raise SystemExit(main())
