#!/usr/bin/env bash
# pygame's smoothscale darkens what it makes smaller, alpha included: an opaque white picture has level and alpha 253 when it is reduced
# to two thirds, 251 to 253 for one row less, and going back and forth between 64 and 63 pixels takes two levels each time, 245 after
# ten. A cut-out so is nowhere opaque, and what tests for 255 finds no foreground. Exact halves and enlargements keep 255, which is
# what a quick test shows. The other direction of the threshold hides it again: Mask.from_surface calls everything above 127 solid.
# Seen with pygame-ce 2.5.8 (SDL 2.32.10).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pygame-ce==2.5.8 numpy==2.2.6
SDL_VIDEODRIVER=dummy env/bin/python - <<'PYTHON'
import pygame

print("pygame-ce", pygame.ver)


def white(width, height):
    """An opaque white picture with an alpha channel."""
    surface = pygame.Surface((width, height), pygame.SRCALPHA)
    surface.fill((255, 255, 255, 255))
    return surface


def levels(surface):
    """The lowest and highest alpha, which colour follows."""
    alpha, colour = pygame.surfarray.array_alpha(surface), pygame.surfarray.array3d(surface)
    assert (alpha.min(), alpha.max()) == (colour.min(), colour.max())
    return int(alpha.min()), int(alpha.max())


for size, to, loses in (((1920, 1080), (1280, 720), True), ((32, 32), (13, 13), True), ((32, 32), (31, 31), True),
                        ((32, 32), (16, 16), False), ((32, 32), (64, 64), False), ((100, 100), (150, 150), False)):
    low, high = levels(pygame.transform.smoothscale(white(*size), to))
    print(f"{size} to {to}: {low} to {high}")
    assert (high < 255) == loses
surface = white(64, 64)
for _ in range(5):
    surface = pygame.transform.smoothscale(pygame.transform.smoothscale(surface, (63, 63)), (64, 64))
print("five times to 63 and back:", levels(surface))
assert levels(surface)[1] <= 246
PYTHON
