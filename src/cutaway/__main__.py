"""``python -m cutaway`` is the command ``cutaway``."""

from __future__ import annotations

from cutaway.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
