"""The built page, which is made of ``web/`` and shipped in the package."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).with_name("static")

FILES = {
    "explorer.js": "text/javascript", "explorer.css": "text/css", "icon.svg": "image/svg+xml",
    "widget.js": "text/javascript", "training.js": "text/javascript", "training_model.js": "text/javascript",
    "training.css": "text/css",
}  # fmt: skip
"""All files that there are, and their types; there is no way to anything else."""

_SKELETON = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>cutaway</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="{name}.css">
<script src="{name}.js" defer></script>
</head>
<body><div id="cutaway"></div></body>
</html>
"""


def skeleton(name: str) -> str:
    """The page around one of the bundles, ``"explorer"`` or ``"training"``, which fills it."""
    return _SKELETON.format(name=name)


def static(name: str) -> bytes | None:
    """The bytes of one of the files; None where this installation lacks it."""
    if name not in FILES:
        return None
    try:
        return (_FOLDER / name).read_bytes()
    except FileNotFoundError:
        return None
