"""A worker for tests: alpha by the distance of a pixel's colour to the mean inside and outside the mask.

`options` and arguments name a fault to show; it runs in any Python with numpy.
"""

from __future__ import annotations

import atexit
import os
import sys
import time

import numpy as np


def colour_alpha(frame, inside, outside):
    """Share of the way from the outside's mean colour to the inside's, float32 (H, W) in [0, 1]."""
    axis = (inside - outside).astype(np.float32)
    # Not by BLAS, whose sums depend on where in memory a frame lies.
    terms = (frame.astype(np.float32) - outside.astype(np.float32)) * axis
    share = (terms[..., 0] + terms[..., 1] + terms[..., 2]) / max(float((axis * axis).sum()), 1e-6)
    return np.clip(share, 0, 1).astype(np.float32)


def means(frame, mask):
    return frame[mask].mean(axis=0), frame[~mask].mean(axis=0)


class StandIn:
    engine = "stand-in"

    def __init__(self, load_fault=""):
        self.load_fault = load_fault
        self.calls = 0

    def load(self, device):
        print("this is printed and no message", flush=True)
        if self.load_fault == "raise":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if self.load_fault == "linger":
            atexit.register(time.sleep, 600)
        if self.load_fault == "die":
            sys.exit("the weights are broken")
        return 5_000

    def held_bytes(self):
        return 7_000

    def matte(self, job):
        fault = job.options.get("fault", "")
        done = 0
        colours = means(job.read(job.start), job.masks[job.start])
        for first, stop, step in ((job.start - 1, -1, -1), (job.start, job.frame_count, 1)):
            for index in range(first, stop, step):
                frame = job.read(index, stop, step)
                if done == 2 and fault:
                    show(fault, job)
                alpha = colour_alpha(frame, *colours)
                if index in job.masks and not job.masks[index].any():
                    alpha[:] = 0
                if done == 2 and fault == "nan":
                    alpha[0, 0] = np.nan
                if done == 2 and fault == "range":
                    alpha *= 255
                done += 1
                yield (index + 7 if done == 3 and fault == "order" else index), alpha


class SegmentingStandIn(StandIn):
    """Finds what has the colour of a click or of a box's middle, and follows colours."""

    engine = "segmenting-stand-in"

    def segment(self, picture, points, box):
        if box is not None:
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        else:
            x, y = next((x, y) for x, y, positive in points if positive)
        if self.load_fault == "scores":
            return [(np.ones(picture.shape[:2], bool), 0.5)] * 20
        same = near(picture, picture[int(y), int(x)])
        return [(np.zeros_like(same), 0.9), (same, 0.7)]

    def track(self, job):
        colours = {}
        for number, masks in job.objects.items():
            first = job.start if job.start in masks else min(masks)
            colours[number] = np.median(job.read(first)[masks[first]], axis=0)
        for first, stop, step in ((job.start - 1, -1, -1), (job.start, job.frame_count, 1)):
            for index in range(first, stop, step):
                frame = job.read(index, stop, step)
                masks = {number: near(frame, colour) for number, colour in colours.items()}
                for number, given in job.objects.items():
                    masks[number] = given.get(index, masks[number])
                yield index, masks


def near(frame, colour):
    return np.abs(frame.astype(int) - colour).max(axis=2) < 40


def show(fault, job):
    if fault == "die":
        print("what happened last", file=sys.stderr, flush=True)
        os._exit(3)
    if fault == "hang":
        time.sleep(600)
    if fault == "wait":
        while True:
            job.check_cancelled()
            time.sleep(0.02)
    if fault == "raise":
        raise ValueError("a tensor of another shape")
    if fault == "memory":
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if fault == "dead":
        raise RuntimeError("CUDA error: device-side assert triggered")
    if fault == "log":
        for number in range(20_000):
            print(f"{number} " + "x" * 400, file=sys.stderr)
    if fault == "bytes":
        os.write(job._channel._writing, b"\x00\x01 these are no message " * 9)
    if fault == "huge":
        head = b"SMW1" + (10).to_bytes(4, "little") + (1 << 40).to_bytes(8, "little")
        os.write(job._channel._writing, head)
    if fault == "early":
        job._channel.send({"kind": "ended", "device": "cpu", "held_bytes": 0})
    if fault == "frames":
        job._channel.send({"kind": "read", "index": 10_000, "stop": 10_001, "step": 1})
    if fault == "short":
        job._channel.send({"kind": "alpha", "index": 0, "held_bytes": 0}, b"1234")


def open_worker(arguments):
    if arguments[:1] == ["segmenting"]:
        return SegmentingStandIn(*arguments[1:2])
    if arguments[:1] == ["other"]:
        StandIn.engine = "somebody else"
    return StandIn(*arguments[:1])
