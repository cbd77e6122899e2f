"""The contract of every engine: arrays in, arrays out; it must not know sessions, files or a page.

An engine object holds weights and settings only. What belongs to one job (memory banks, embeddings,
recurrent state) lives in objects made for that job: `ImageSegmentation`, or the generator that
`track_video` and `process` return.
"""

from engines.base.contract import DeviceName, Engine
from engines.base.descriptors import DescriptorConsumer, DescriptorEstimator, DescriptorNetwork
from engines.base.exchange import ClipExchange, ClipSender, RemoteEngine, ReturnedClip
from engines.base.foreground import ForegroundConsumer, ForegroundEstimator, ForegroundNetwork
from engines.base.frames import ArrayFrames, FrameSource
from engines.base.matting import JointMattingEngine, MattingEngine, TargetCheck
from engines.base.requirements import (
    SETUP_COMMAND,
    Requirement,
    check_requirements,
    missing_packages,
    package_requirement,
)
from engines.base.run_context import RunContext
from engines.base.segmentation import ImageSegmentation, Segmenter, Tracker
from engines.base.values import (
    Agreement,
    Capability,
    Instance,
    MattedFrame,
    Preference,
    Seam,
    TrackedFrame,
)

__all__ = [
    "SETUP_COMMAND",
    "Agreement",
    "ArrayFrames",
    "Capability",
    "ClipExchange",
    "ClipSender",
    "DescriptorConsumer",
    "DescriptorEstimator",
    "DescriptorNetwork",
    "DeviceName",
    "Engine",
    "ForegroundConsumer",
    "ForegroundEstimator",
    "ForegroundNetwork",
    "FrameSource",
    "ImageSegmentation",
    "Instance",
    "JointMattingEngine",
    "MattedFrame",
    "MattingEngine",
    "Preference",
    "RemoteEngine",
    "Requirement",
    "ReturnedClip",
    "RunContext",
    "Seam",
    "Segmenter",
    "TargetCheck",
    "TrackedFrame",
    "Tracker",
    "check_requirements",
    "missing_packages",
    "package_requirement",
]
