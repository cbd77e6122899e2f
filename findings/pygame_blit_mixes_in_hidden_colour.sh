#!/usr/bin/env bash
# pygame's blit of one picture with alpha onto another weighs their colours by the upper one's alpha alone, so that what can hardly be
# seen below counts in full: (200, 100, 50) at alpha 128 over blue of alpha 1 is (100, 50, 152) at 129, where (199, 99, 51) is right,
# and over a haze of black, (100, 50, 25). A cut-out laid over another one's soft edge, or a layer over a network's matte that
# is nowhere quite 0, gets rims of a colour that was transparent. Alpha is right; only alpha 0 below is treated apart, and an opaque
# backdrop is right, which is what a first test tries. BLEND_ALPHA_SDL2 mixes in colour under alpha 0 as well. premul_alpha of both and
# BLEND_PREMULTIPLIED are right. transform.average_surfaces gives alpha 255 everywhere. No message. Seen with pygame-ce 2.5.8 (SDL 2.32.10).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pygame-ce==2.5.8 pillow==12.3.0
SDL_VIDEODRIVER=dummy PYGAME_HIDE_SUPPORT_PROMPT=1 env/bin/python - <<'PYTHON'
import pygame
from PIL import Image

print("pygame-ce", pygame.version.ver, "SDL", ".".join(map(str, pygame.get_sdl_version())))
UPPER = (200, 100, 50, 128)


def surface(pixel):
    picture = pygame.Surface((8, 8), pygame.SRCALPHA)
    picture.fill(pixel)
    return picture


def blitted(lower, flags=0):
    """The upper pixel over another one, straight colour."""
    below, above = surface(lower), surface(UPPER)
    if flags == pygame.BLEND_PREMULTIPLIED:
        below, above = below.premul_alpha(), above.premul_alpha()
    below.blit(above, (0, 0), special_flags=flags)
    red, green, blue, alpha = below.get_at((4, 4))
    if flags == pygame.BLEND_PREMULTIPLIED:
        red, green, blue = (round(level * 255 / alpha) for level in (red, green, blue))
    return red, green, blue, alpha


def near(one, other, limit=2):
    return all(abs(a - b) <= limit for a, b in zip(one, other))


for lower, plain, sdl in (
    ((0, 0, 255, 0), (200, 100, 50, 128), (100, 50, 151, 128)),
    ((0, 0, 255, 1), (100, 50, 152, 129), (100, 50, 151, 128)),
    ((0, 0, 0, 1), (100, 50, 25, 129), (100, 50, 25, 128)),
    ((0, 0, 255, 128), (100, 50, 152, 192), (100, 50, 151, 191)),
    ((0, 0, 255, 255), (100, 50, 152, 255), (100, 50, 151, 254)),
):
    right = Image.alpha_composite(Image.new("RGBA", (1, 1), lower), Image.new("RGBA", (1, 1), UPPER)).getpixel((0, 0))
    seen, seen_sdl = blitted(lower), blitted(lower, pygame.BLEND_ALPHA_SDL2)
    multiplied = blitted(lower, pygame.BLEND_PREMULTIPLIED)
    print(f"over {lower}: {seen}, BLEND_ALPHA_SDL2 {seen_sdl}, premultiplied {multiplied}; Pillow: {right}")
    assert near(seen, plain, 1) and near(seen_sdl, sdl, 1) and near(multiplied, right, 3)
    assert near(seen, right) == (lower[3] in (0, 255))
average = pygame.transform.average_surfaces([surface(UPPER), surface(UPPER)]).get_at((4, 4))
print("average_surfaces of two equal pictures of alpha 128:", tuple(average))
assert average[3] == 255
PYTHON
