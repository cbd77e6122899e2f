"""File names that must stay mere names: as markup, options, shell commands, patterns, protocols, and no text at all."""

from __future__ import annotations

import os

HOSTILE_NAMES = [
    "<img src=x onerror=alert(1)>.mp4",
    "-i.mp4",
    "$(touch pwned).mp4",
    "`touch pwned`;touch pwned.mp4",
    "a" * 240 + ".mp4",
    "\u202e4pm.exe.mp4",
    "\U0001f984.mp4",
    "视频 第一段.mp4",
    "%03d.mp4",
    "file:http:.mp4",
    "new\nline.mp4",
    os.fsdecode(b"\xff\xfe.mp4"),
]
