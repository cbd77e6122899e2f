#!/usr/bin/env bash
# Mediabunny, the media toolkit of web editors (successor of webm-muxer and mp4-muxer), drops the alpha of a VP9 clip where it decodes
# nothing: a Conversion from WebM to WebM that only copies or trims packets writes the colour alone, since its option "alpha" is
# "discard" unless told otherwise and holds for copied packets too. With alpha: "keep" WebM and Matroska keep it; MP4 and MOV, which
# have no place for it, are opaque all the same. Each time isValid is true, discardedTracks is empty, the track was known as
# transparent (canBeTransparent), and nothing is printed. Copying packets one by one keeps the alpha. Seen with mediabunny 1.61.0,
# FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
npm install --silent --no-audit --no-fund mediabunny@1.61.0
ffmpeg=$(env/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
"$ffmpeg" -version | head -1
half="format=yuva420p,geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='255*gte(X,32)'"
"$ffmpeg" -v error -f lavfi -i "color=red:size=64x64:rate=25:duration=1,$half" -c:v libvpx-vp9 -pix_fmt yuva420p -crf 20 -b:v 0 clip.webm
cat > copy.mjs <<'NODE'
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import * as media from "mediabunny";

const open = () => new media.Input({ source: new media.FilePathSource("clip.webm"), formats: media.ALL_FORMATS });
const formats = { webm: media.WebMOutputFormat, mkv: media.MkvOutputFormat, mp4: media.Mp4OutputFormat, mov: media.MovOutputFormat };
for (const [suffix, Format] of Object.entries(formats))
  for (const [name, options] of Object.entries({ plain: {}, keep: { video: { alpha: "keep" } } })) {
    const input = open();
    assert.ok(await (await input.getPrimaryVideoTrack()).canBeTransparent());
    const output = new media.Output({ format: new Format(), target: new media.BufferTarget() });
    const conversion = await media.Conversion.init({ input, output, ...options });
    assert.ok(conversion.isValid);
    assert.deepEqual(conversion.discardedTracks, []);
    await conversion.execute();
    writeFileSync(`${name}.${suffix}`, Buffer.from(output.target.buffer));
  }
const track = await open().getPrimaryVideoTrack();
const output = new media.Output({ format: new media.WebMOutputFormat(), target: new media.BufferTarget() });
const source = new media.EncodedVideoPacketSource(track.codec);
output.addVideoTrack(source);
await output.start();
const decoderConfig = await track.getDecoderConfig();
for await (const packet of new media.EncodedPacketSink(track).packets()) await source.add(packet, { decoderConfig });
await output.finalize();
writeFileSync("packets.webm", Buffer.from(output.target.buffer));
NODE
node copy.mjs
cat > check.py <<'PYTHON'
import subprocess
import sys

for name in ("clip.webm", "packets.webm", *(f"{how}.{kind}" for kind in ("webm", "mkv", "mp4", "mov") for how in ("plain", "keep"))):
    command = [sys.argv[1], "-v", "error", "-c:v", "libvpx-vp9", "-i", name, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    pixels = subprocess.run(command, check=True, capture_output=True).stdout
    row = pixels[3 : 64 * 4 : 4]
    found = f"alpha {min(row)} to {max(row)}"
    print(f"{name}: {found}")
    kept = name in ("clip.webm", "packets.webm", "keep.webm", "keep.mkv")
    assert found == ("alpha 0 to 255" if kept else "alpha 255 to 255"), name
PYTHON
env/bin/python check.py "$ffmpeg"
