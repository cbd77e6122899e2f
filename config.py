"""Settings of one installation, read once at start from SPLAZMATTE_* and `.env`."""

from __future__ import annotations

import ipaddress
import math
import re
from pathlib import Path
from typing import Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
LAST_PORT = 65535
"""Highest TCP port."""
Codec: TypeAlias = Literal[
    "h264",
    "hevc",
    "av1",
    "vp8",
    "vp9",
    "mpeg4",
    "mpeg2",
    "mjpeg",
    "prores",
    "dnxhd",
    "ffv1",
    "qtrle",
    "png",
    "apv",
    "vvc",
    "cineform",
    "hap",
    "utvideo",
    "gif",
    "webp",
]


def redis_address(text: str) -> str:
    """Return the address of a Redis or Valkey server.

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(text)
        is_address = bool(parts.hostname) and parts.port != 0  # a port that is no number raises
    except ValueError:
        is_address = False
    if not is_address or not re.fullmatch(r"rediss?://[^/\s#]+(/[^\s#]*)?", text):
        raise ValueError(
            "not an address such as redis://host:6379/0 or redis://:PASSWORD@host:6379/0, "
            "with %40, %2F, %3A and %23 for @, /, : and # in the password"
        )
    return text


class Settings(BaseSettings):
    """Every limit and choice an admin may change; defaults suit a team's own machine."""

    model_config = SettingsConfigDict(
        env_prefix="SPLAZMATTE_",
        env_file=ROOT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
    )

    workspace_dir: Path = ROOT / "workspace"
    """Folder of sessions and caches; put it on the data disk."""
    models_dir: Path = ROOT / "models"
    """Folder of model weights."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens the page to the LAN."""
    port: int = Field(default=7860, ge=0, le=LAST_PORT)
    """TCP port to listen on; 0 takes a free one."""
    allowed_hosts: tuple[str, ...] = ()
    """Host names (besides IP literals and localhost) the page may be opened under, without scheme and port."""
    username: str = "splaz"
    """Name for the page's login, where a password is set."""
    password: SecretStr | None = None
    """Password of the page, shared by everybody; none leaves it open to whoever reaches the port."""
    users_file: Path | None = None
    """File of named users (scripts/add_user.py writes it); it takes the place of the shared password."""
    admin_without_login: bool = False
    """Where nobody signs in, open the administrator's page to every address; else it is for this machine only."""
    login_hours: float = Field(default=168.0, gt=0)
    """Hours until somebody has to sign in again."""
    login_attempts: int = Field(default=5, ge=1)
    """Wrong passwords from one address before it is locked out."""
    login_lockout_s: int = Field(default=300, ge=1)
    """Seconds that a locked-out address waits."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    """IP addresses of proxies, or networks such as 10.0.0.0/8, whose X-Forwarded-For names the client."""
    root_path: str = ""
    """Path under which a proxy serves the page, such as /matte, and which it takes off; empty for a host of its own."""
    connections_per_client: int = Field(default=100, ge=4)
    """Connections, and requests at a time, of one client address; each open page takes two."""
    most_connections: int = Field(default=2000, ge=16)
    """Connections at a time over all addresses, as far as the limit on descriptors allows."""
    request_head_timeout_s: float = Field(default=15.0, gt=0)
    """Seconds a connection may take to send a request's head."""
    request_body_window_s: float = Field(default=20.0, gt=0)
    """Seconds over which the speed of a request's body is judged."""
    least_upload_bytes_per_s: int = Field(default=2048, ge=1)
    """Slowest upload that is waited for, in bytes a second."""
    preview_decodes: int = Field(default=3, ge=1, le=16)
    """Pictures for the page that are decoded at a time, over all clients."""
    language: Literal["auto", "en", "zh"] = "auto"
    """Language of the page; auto follows the browser."""

    max_duration_s: float = Field(default=60.0, gt=0)
    """Longest clip accepted, in seconds."""
    max_long_side: int = Field(default=1920, ge=16, le=8192)
    """Longest side of a clip accepted, in pixels, in either orientation."""
    max_short_side: int = Field(default=1080, ge=16, le=8192)
    """Longest short side of a clip accepted, in pixels, in either orientation."""
    max_fps: float = Field(default=240.0, gt=0)
    """Highest frame rate accepted, in frames a second."""
    max_frames: int = Field(default=7200, ge=1)
    """Most frames of a clip accepted."""
    max_streams: int = Field(default=32, ge=1)
    """Most streams of a file accepted."""
    max_upload_bytes: int = Field(default=2 * 1024**3, ge=1)
    """Largest upload accepted, in bytes."""
    client_upload_budget_bytes: int = Field(default=8 * 1024**3, ge=1)
    """Bytes one client address may upload an hour."""
    formats: tuple[
        Literal["mp4", "mov", "avi", "mkv", "webm", "ts", "mts", "m2ts", "gif", "webp"], ...
    ] = ("mp4", "mov", "avi", "mkv", "webm", "ts", "mts", "m2ts", "gif", "webp")
    """Containers accepted."""
    codecs: tuple[Codec, ...] = get_args(Codec)
    """Video codecs accepted."""
    probe_timeout_s: float = Field(default=20.0, gt=0)
    """Wall-clock seconds a probe may take."""
    ffmpeg_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds FFmpeg may make no progress before it is killed."""
    ffmpeg_path: Path | None = None
    """FFmpeg to use instead of the one that came with pip."""

    min_free_disk_bytes: int = Field(default=2 * 1024**3, ge=0)
    """Bytes kept free on the workspace's disk; an upload or a job that would go below is refused."""
    disk_floor_bytes: int = Field(default=512 * 1024**2, ge=0)
    """Free bytes below which a running job stops cleanly, and old sessions go before their time."""
    retention_hours: float = Field(default=72.0, gt=0)
    """Age at which an idle session is deleted, in hours."""
    undelete_hours: float = Field(default=24.0, ge=0)
    """How long a deleted session can be restored, in hours; a disk that runs short ends it earlier."""
    keep_sessions: int = Field(default=200, ge=1)
    """Sessions wanted at most; beyond it, owners with more than an equal share lose their oldest."""
    protected_hours: float = Field(default=24.0, ge=0)
    """Age below which no session is removed for want of room, in hours."""
    kept_sessions_per_client: int = Field(default=20, ge=0)
    """Sessions that one client may keep beyond their age."""
    queue_limit: int = Field(default=300, ge=1)
    """Most jobs waiting at a time."""
    client_queue_limit: int = Field(default=60, ge=1)
    """Most jobs of one client waiting at a time."""
    stop_grace_s: float = Field(default=8.0, gt=0, le=8.5)
    """Seconds a running job has to stop at SIGTERM; the whole process ends within 10."""

    workers: int = Field(default=0, ge=0, le=64)
    """Worker processes of this machine that run the matting jobs, each on a GPU of its own where there are several;
    0 runs the jobs in the page's process, one at a time."""
    broker: SecretStr | None = None
    """Address of a Redis or Valkey server through which workers on other machines get the matting jobs:
    redis://host:6379/0, or rediss:// with TLS; the workspace is a folder that all of them share."""
    worker_memory_bytes: int | None = Field(default=None, gt=0)
    """Bytes that engines may use of a worker's card, or of its main memory without one; jobs that need more go to other
    workers. None takes what nvidia-smi says, less gpu_reserve_bytes, or the machine's memory."""
    lease_s: float = Field(default=90.0, ge=1.0)
    """Seconds without a heartbeat after which a worker is dead, and its job starts again elsewhere."""
    object_endpoint: str = ""
    """Address of an S3-compatible object store through which files get to workers that don't share the workspace
    folder and back: https://ACCOUNT.r2.cloudflarestorage.com, https://s3.eu-central-1.amazonaws.com; none uses the
    shared folder alone. Its access keys are SPLAZMATTE_OBJECT_ACCESS_KEY and SPLAZMATTE_OBJECT_SECRET_KEY in the
    environment or in remote_keys_file."""
    object_bucket: str = Field(default="", validate_default=True)
    """Bucket of the object store."""
    object_prefix: str = "splazmatte"
    """What the names of all objects begin with; each page needs its own."""
    object_region: str = "auto"
    """Region of the object store, as its requests are signed for; R2 has auto."""
    object_link_s: int = Field(default=300, ge=0, le=7 * 24 * 3600)
    """Seconds that the address of a download at the object store is good for; 0 has every download come from the
    page, as where browsers can't reach the store."""
    object_cache_bytes: int = Field(default=20 * 1024**3, ge=0)
    """Bytes of clips and masks that a worker without the shared folder keeps between jobs."""
    divide_jobs: bool = True
    """Let several workers do one job in parts, where its result stays the same: by target, and at the start frame,
    cuts or marked frames, as its engine allows; False gives every job to one worker."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run; auto takes the GPU where there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Precision of models; auto chooses by the device."""
    gpu_reserve_bytes: int = Field(default=1024**3, ge=0)
    """GPU bytes left to other programs."""
    cpu_threads: int = Field(default=0, ge=0)
    """Threads of the built-in engine and of each network in an ONNX file; 0 takes every core for the one, half of them
    for the other."""
    default_engine: str = "auto"
    """Matting engine chosen when a job names none; auto takes the best that is ready on this device."""

    onnx_runtime: Literal["auto", "onnxruntime", "openvino"] = "auto"
    """What runs networks in ONNX files; auto takes OpenVINO on processors with bfloat16."""
    foreground_network: str = "auto"
    """Network whose foreground and descriptors the built-in engine uses as evidence: auto (those whose files are
    there: one for any object, and Robust Video Matting for people), off, or an engine's name: without its files a job
    goes on, with a notice."""

    quick_preview: bool = True
    """Show a small preview of every uploaded clip, matted without a mark, where Robust Video Matting is there."""

    segmenter: str = "auto"
    """Engine that finds and tracks the target; auto takes the best that is ready."""
    sam3_model: str = "sam3"
    """Folder under models_dir (or a full path, or a hub id) of SAM 3."""
    sam2_model: str = "sam2.1-hiera-tiny"
    """Folder under models_dir (or a full path, or a hub id) of SAM 2.1 tiny."""
    sam2_large_model: str = "sam2.1-hiera-large"
    """Folder under models_dir (or a full path, or a hub id) of SAM 2.1 large."""
    grounding_dino_model: str = "grounding-dino"
    """Folder under models_dir (or a full path) of Grounding DINO, which finds by text for SAM 2.1."""
    translation_model: str = "opus-mt-zh-en"
    """Folder under models_dir (or a full path) of the Chinese-English translation model."""
    matanyone_generation: Literal["auto", "1", "2"] = "auto"
    """MatAnyone generation; auto prefers 2 where its weights are there."""
    matanyone_cuda_graphs: bool = False
    """Replay MatAnyone's steps as CUDA graphs, checked against the plain steps in each job; never tried on a GPU."""
    matanyone_model: str = "matanyone"
    """Folder under models_dir (or a full path) of MatAnyone's weights."""
    matanyone2_model: str = "matanyone2"
    """Folder under models_dir (or a full path) of MatAnyone 2's weights."""
    videomama_model: str = "videomama"
    """Folder under models_dir (or a full path) of VideoMaMa's UNet."""
    svd_vae_model: str = "stable-video-diffusion-img2vid-xt"
    """Folder under models_dir (or a full path) of the VAE that VideoMaMa uses."""
    sam2matting_python: Path | None = None
    """Python of the environment in which SAM2Matting's own packages are installed."""
    sam2matting_code: Path | None = None
    """Folder of SAM2Matting's code, a checkout of its repository."""
    sam2matting_model: str = "sam2matting"
    """Folder under models_dir (or a full path) of SAM2Matting's weights."""
    edgetam_python: Path | None = None
    """Python of the environment in which EdgeTAM's packages are installed."""
    edgetam_code: Path | None = None
    """Folder of EdgeTAM's code, a checkout of its repository."""
    edgetam_model: str = "edgetam"
    """Folder under models_dir (or a full path) of EdgeTAM's weights; without it, those in its repository."""
    engine_stall_s: float = Field(default=300.0, gt=0)
    """Seconds that an engine in a process of its own may be silent in a job before it is ended."""
    allow_slow_cpu: bool = False
    """Let VideoMaMa's real weights run on a CPU, at minutes a frame."""

    remote_keys_file: Path = ROOT / "remote_keys"
    """File of lines NAME=VALUE with the keys of services, mode 600; the environment may have them instead."""
    remote_bases: dict[str, str] = Field(default_factory=dict)
    """Address of a service's API by engine name, where it isn't the service's own; it may be in this network."""
    remote_models: dict[str, str] = Field(default_factory=dict)
    """What runs at a service, by engine name: a model, a version, or an engine of an endpoint of ours."""
    remote_prices: dict[str, float] = Field(default_factory=dict)
    """US dollars of a unit by engine name: a second of video, or a picture at services of pictures."""
    remote_budget_day_usd: float = Field(default=10.0, ge=0)
    """US dollars that all services together may cost in a day (UTC)."""
    remote_budget_month_usd: float = Field(default=100.0, ge=0)
    """US dollars that all services together may cost in a month (UTC)."""
    remote_deadline_s: float = Field(default=3600.0, gt=0)
    """Seconds that a service may take for a job."""
    remote_fetch_s: float = Field(default=900.0, gt=0)
    """Seconds that fetching a result may take."""
    remote_pause_s: float = Field(default=1.0, gt=0, le=60)
    """Seconds until a service is asked again for the first time; grows to 15 times as much."""
    remote_webhook_url: str = ""
    """Address under which services reach this page from the internet, to tell that a job has ended; empty takes no
    webhooks and serves no route for them."""
    remote_result_bytes: int = Field(default=4 * 1024**3, ge=1)
    """Largest result fetched from a service, in bytes."""

    @field_validator("workspace_dir", "models_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator(
        "users_file",
        "ffmpeg_path",
        "sam2matting_python",
        "sam2matting_code",
        "edgetam_python",
        "edgetam_code",
        "remote_keys_file",
    )
    @classmethod
    def _of_home(cls, value: Path | None) -> Path | None:
        # No shell reads `.env`. Links stay: an environment's Python is one.
        return None if value is None else value.expanduser()

    @field_validator("allowed_hosts")
    @classmethod
    def _are_host_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # A request's host is compared with them: what can't be one would be without effect.
        for name in value:
            if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
                raise ValueError(
                    "a host name is written as matte.lan: without http://, port, path and wildcard"
                )
        return value

    @field_validator("root_path")
    @classmethod
    def _is_root_path(cls, value: str) -> str:
        path = value.rstrip("/")
        if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
            raise ValueError("write a path such as /matte")
        return path

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            try:
                ipaddress.ip_network(name)
            except ValueError:
                if name != "*":
                    raise ValueError(
                        "a proxy is written as its IP address, 127.0.0.1, or as a network, 10.0.0.0/8, not by name"
                    ) from None
        return value

    @field_validator("remote_bases")
    @classmethod
    def _are_bases(cls, value: dict[str, str]) -> dict[str, str]:
        for name, base in value.items():
            if not re.fullmatch(r"https?://[^/@?#\s]+(/[^?#\s]*)?", base):
                raise ValueError(
                    f"the address of {name[:40]} is written as http://10.0.0.5:8700 or https://gateway.lan/api"
                )
        return value

    @field_validator("remote_prices")
    @classmethod
    def _are_prices(cls, value: dict[str, float]) -> dict[str, float]:
        # A price below 0 would make room in the budget.
        for name, price in value.items():
            if not 0 <= price < math.inf:
                raise ValueError(f"the price of {name[:40]} is US dollars, 0 or more")
        return value

    @field_validator("object_prefix")
    @classmethod
    def _is_prefix(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}(/[A-Za-z0-9_.-]{1,64})*", value):
            raise ValueError(
                "write letters a to z, digits, and _ . - with / between, at most 64 from / to /"
            )
        return value

    @field_validator("remote_webhook_url")
    @classmethod
    def _is_public_address(cls, value: str) -> str:
        if value and not re.fullmatch(
            r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", value
        ):
            raise ValueError("not an address such as https://matte.example.com")
        return value

    @field_validator("broker")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(redis_address(value.get_secret_value()))

    @field_validator("object_endpoint")
    @classmethod
    def _is_endpoint(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/@?#\s]+/?", value):
            raise ValueError(
                "not an address such as https://s3.example.com, without bucket and keys"
            )
        return value.rstrip("/")

    @field_validator("object_bucket")
    @classmethod
    def _has_bucket(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("object_endpoint") and not re.fullmatch(
            r"[a-z0-9][a-z0-9.-]{1,61}", value
        ):
            raise ValueError("a bucket's name is needed with SPLAZMATTE_OBJECT_ENDPOINT")
        return value

    @field_validator("max_short_side")
    @classmethod
    def _short_is_shorter(cls, value: int, info: ValidationInfo) -> int:
        if value > info.data.get("max_long_side", value):
            raise ValueError(
                f"{value} is larger than SPLAZMATTE_MAX_LONG_SIDE, which is {info.data['max_long_side']}; "
                "set both"
            )
        return value

    @property
    def running_floor_bytes(self) -> int:
        """Free bytes below which a job stops; never above the reserve that let it start."""
        return min(self.disk_floor_bytes, self.min_free_disk_bytes)

    def model_path(self, name: str) -> Path:
        """Return the folder of a model named in the settings: as given when absolute, else under models_dir."""
        path = Path(name).expanduser()
        return path if path.is_absolute() else self.models_dir / path
