#!/usr/bin/env bash
# mkvmerge keeps the alpha of a VP9 or VP8 file and loses the one bit that says so: it copies every block addition, in which the
# alpha is, and leaves out AlphaMode and MaxBlockAdditionID of the track, with and without --webm, appended or not. FFmpeg's libvpx
# decoder still gives all of the alpha, so a check with FFmpeg passes; browsers, which ask for AlphaMode first, show the clip
# opaque (Chromium 156, looked at here where "chromium" is there). No warning; writing the file again with FFmpeg's -c copy does not
# bring it back. Seen with mkvmerge 74.0.0 (Debian's 74.0.0-1+deb12u1; other versions are not looked at), FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p packages/partial root
apt-get install --quiet=2 --yes --no-install-recommends --download-only -o Dir::Cache::archives="$folder/packages" \
  mkvtoolnix=74.0.0-1+deb12u1 > apt.log 2>&1 || { echo "Debian's mkvtoolnix 74.0.0 is not to be had: nothing seen"; exit 0; }
for package in packages/*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/$(uname -m)-linux-gnu"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import base64
import re
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
MKVMERGE = "root/usr/bin/mkvmerge"
ALPHA_MODE, BLOCK_ADDITIONS = b"\x53\xc0\x81\x01", b"\x75\xa1"
PAGE = """<video muted src="data:video/webm;base64,%s"></video><script>
const video = document.querySelector("video"), canvas = document.createElement("canvas");
video.requestVideoFrameCallback(() => {
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  document.title = "alpha " + context.getImageData(10, 10, 1, 1).data[3];
});
video.play();
</script>"""


def run(*command, data=None):
    done = subprocess.run(command, input=data, capture_output=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def decoded(name):
    """The alpha of the first pixel, where FFmpeg is told to use libvpx."""
    return run(FFMPEG, "-v", "error", "-c:v", "libvpx-vp9", "-i", name, "-f", "rawvideo", "-pix_fmt", "rgba", "-")[3]


def in_chromium(name):
    """The alpha that Chromium draws, or None where it is not there."""
    if not shutil.which("chromium"):
        return None
    Path("page.html").write_text(PAGE % base64.b64encode(Path(name).read_bytes()).decode())
    page = run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom",
               "--user-data-dir=profile", f"file://{Path('page.html').resolve()}").decode()  # fmt: skip
    found = re.search(r"<title>alpha (\d+)</title>", page)
    return int(found[1]) if found else None


print(run(MKVMERGE, "--version").decode().strip())
frames = bytes((200, 100, 50, 64)) * 64 * 64 * 25
raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-r", "25", "-i", "-")
run(FFMPEG, "-v", "error", *raw, "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "source.webm", data=frames)
run(MKVMERGE, "-o", "merged.mkv", "source.webm")
run(MKVMERGE, "--webm", "-o", "merged.webm", "source.webm")
run(MKVMERGE, "--webm", "-o", "joined.webm", "source.webm", "+", "source.webm")
run(FFMPEG, "-v", "error", "-i", "merged.webm", "-c", "copy", "copied.webm")
additions = Path("source.webm").read_bytes().count(BLOCK_ADDITIONS)
for name in ("source.webm", "merged.mkv", "merged.webm", "joined.webm", "copied.webm"):
    data, alpha, drawn = Path(name).read_bytes(), decoded(name), in_chromium(name)
    has_mode = ALPHA_MODE in data
    print(f"{name}: AlphaMode {'1' if has_mode else 'missing'}, FFmpeg's alpha {alpha}, Chromium's {drawn}")
    assert has_mode == (name == "source.webm")
    if name != "copied.webm":
        assert data.count(BLOCK_ADDITIONS) >= additions and abs(alpha - 64) <= 2
    if drawn is not None:
        assert drawn == 255 if name != "source.webm" else abs(drawn - 64) <= 2, drawn
PYTHON
