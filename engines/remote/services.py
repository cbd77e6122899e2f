"""The table of services. A service is a row: adding one is adding a row here.

Sources: replicate.com/docs (HTTP API), docs.fal.ai (queue) and fal.ai/models, docs.bria.ai (v2), remove.bg's
OpenAPI 1.0, unscreen.com/api, and docs/remote.md for the protocol of our own endpoint. Read in November 2026;
none of them was called for it.
"""

from __future__ import annotations

from dataclasses import replace

from engines.remote.spec import Limits, Price, Service, Upload, Webhook

MEGABYTE = 1024 * 1024

_REPLICATE_WEBHOOK = Webhook(
    body={"webhook": "{webhook}", "webhook_events_filter": ("completed",)}, headers="webhook"
)
_BRIA_WEBHOOK = Webhook(
    body={"webhook_url": "{webhook}"}, headers="bria-webhook", salt=b"bria-webhook-signing-v1"
)

_SELF_HOSTED = Service(
    name="self-hosted",
    title="SplazMatte endpoint",
    base="",
    auth={"Authorization": "Bearer {key}"},
    sends="lossless",
    returns="levels",
    submit="{base}/jobs",
    body={
        "engine": "{model}",
        "start": "{start}",
        "confirmed": "{confirmed}",
        "key": "{key_of_job}",
    },
    file_field="clip",
    mask_field="masks",
    model="auto",
    poll="{base}/jobs/{id}",
    done=frozenset({"done"}),
    failed=frozenset({"failed", "cancelled"}),
    result="{base}/jobs/{id}/alpha",
    result_suffix=".mkv",
    cancel=("DELETE", "{base}/jobs/{id}"),
    quota=("{base}/engines", "engines"),
    price=Price("second", 0.0),
)
_REPLICATE = Service(
    name="replicate",
    title="Replicate",
    base="https://api.replicate.com/v1",
    auth={"Authorization": "Bearer {key}"},
    sends="video",
    returns="matte",
    upload=Upload("{base}/files", "urls.get", file_field="content"),
    submit="{base}/predictions",
    body={
        "version": "{model}",
        "input": {"input_video": "{file}", "output_type": "alpha-mask"},
    },
    # arielreplicate/robust_video_matting
    model="73d2128a371922d5d1abf0712a1d974be0e4e2358cc1218e4e34714767232bac",
    poll="urls.get",
    done=frozenset({"succeeded"}),
    failed=frozenset({"failed", "canceled", "aborted"}),
    result="output",
    cancel=("POST", "urls.cancel"),
    quota=("{base}/account", "username"),
    price=Price("second"),
    webhook=_REPLICATE_WEBHOOK,
)
_REPLICATE_IMAGE = Service(
    name="replicate-image",
    title="Replicate (images)",
    account="replicate",
    base="https://api.replicate.com/v1",
    auth={"Authorization": "Bearer {key}"},
    sends="pictures",
    returns="transparency",
    upload=Upload("{base}/files", "urls.get", file_field="content"),
    submit="{base}/predictions",
    # An official model by owner/name, or any other by its version.
    body={"version": "{model}", "input": {"image": "{file}"}},
    model="bria/remove-background",
    poll="urls.get",
    done=frozenset({"succeeded"}),
    failed=frozenset({"failed", "canceled", "aborted"}),
    result="output",
    result_suffix=".png",
    cancel=("POST", "urls.cancel"),
    quota=("{base}/account", "username"),
    price=Price("picture"),
    webhook=_REPLICATE_WEBHOOK,
)
_FAL = Service(
    name="fal",
    title="fal",
    base="https://queue.fal.run",
    auth={"Authorization": "Key {key}"},
    # Otherwise it runs a failed job again by itself, up to ten times.
    submit_headers={"x-fal-no-retry": "1"},
    storage="https://rest.alpha.fal.ai",
    sends="video",
    returns="transparency",
    upload=Upload(
        "{storage}/storage/upload/initiate",
        "file_url",
        body={"content_type": "video/mp4", "file_name": "clip.mp4"},
        target="upload_url",
    ),
    submit="{base}/{model}",
    body={
        "video_url": "{file}",
        "background_color": "Transparent",
        "output_container_and_codec": "webm_vp9",
        "preserve_audio": False,
    },
    model="bria/video/background-removal/v3",
    id="request_id",
    poll="status_url",
    done=frozenset({"COMPLETED"}),
    failed=frozenset({"ERROR", "FAILED"}),
    through="response_url",
    result="video.url",
    result_suffix=".webm",
    error="error|detail",
    cancel=("PUT", "cancel_url"),
    price=Price("second", 0.042),
)
_FAL_BIREFNET = replace(
    _FAL,
    name="fal-birefnet",
    title="fal (BiRefNet)",
    account="fal",
    body={
        "video_url": "{file}",
        "model": "Matting",
        "operating_resolution": "1024x1024",
        "refine_foreground": False,
        "video_output_type": "VP9 (.webm)",
        "video_quality": "maximum",
    },
    model="fal-ai/birefnet/v2/video",
    # Paid by the second of computing, which nobody knows before.
    price=Price("second"),
    # Its network sees 1024 pixels a side, so that a larger 16:9 picture adds nothing.
    limits=Limits(long_side=1920),
)
_BRIA = Service(
    name="bria",
    title="BRIA",
    base="https://engine.prod.bria-api.com/v2",
    auth={"api_token": "{key}"},
    sends="video",
    returns="transparency",
    upload=Upload(
        "{base}/video/upload",
        "file_url",
        body={"media_type": "video/mp4"},
        target="upload_url",
        fields="upload_fields",
    ),
    submit="{base}/video/edit/remove_background",
    body={
        "video": "{file}",
        "background_color": "Transparent",
        "output_container_and_codec": "webm_vp9",
        "preserve_audio": False,
        "sync": False,
    },
    id="request_id",
    poll="status_url",
    done=frozenset({"COMPLETED"}),
    failed=frozenset({"ERROR", "UNKNOWN"}),
    result="result.video_url",
    result_suffix=".webm",
    error="error.message|error",
    price=Price("second"),
    limits=Limits(duration_s=30.0),
    webhook=_BRIA_WEBHOOK,
)
_BRIA_IMAGE = Service(
    name="bria-image",
    title="BRIA (images)",
    account="bria",
    base="https://engine.prod.bria-api.com/v2",
    auth={"api_token": "{key}"},
    sends="pictures",
    returns="transparency",
    submit="{base}/image/edit/remove_background",
    body={"image": "{file_base64}", "sync": False},
    id="request_id",
    poll="status_url",
    done=frozenset({"COMPLETED"}),
    failed=frozenset({"ERROR", "UNKNOWN"}),
    result="result.image_url",
    result_suffix=".png",
    error="error.message|error",
    price=Price("picture"),
    webhook=_BRIA_WEBHOOK,
)
_REMOVE_BG = Service(
    name="remove-bg",
    title="remove.bg",
    base="https://api.remove.bg/v1.0",
    auth={"X-API-Key": "{key}"},
    sends="pictures",
    returns="matte",
    submit="{base}/removebg",
    body={"size": "full", "format": "png", "channels": "alpha"},
    file_field="image_file",
    result_suffix=".png",
    error="errors.0.title",
    nothing_found="unknown_foreground",
    quota=("{base}/account", "data.attributes.credits.total"),
    price=Price("picture", charged="X-Credits-Charged"),
    limits=Limits(upload_bytes=12 * MEGABYTE),
)
_UNSCREEN = Service(
    name="unscreen",
    title="Unscreen",
    base="https://api.unscreen.com/v1.0",
    auth={"X-Api-Key": "{key}"},
    sends="video",
    returns="zip_matte",
    submit="{base}/videos",
    body={"format": "pro_bundle"},
    file_field="video_file",
    id="id|data.id",
    poll="{base}/videos/{id}",
    status="status|data.attributes.status",
    done=frozenset({"done"}),
    failed=frozenset({"error", "failed"}),
    result="result_url|data.attributes.result_url",
    result_suffix=".zip",
    error="error|errors.0.title|data.attributes.error",
    price=Price("second"),
)

SERVICES = {
    row.name: row
    for row in (
        _SELF_HOSTED,
        _REPLICATE,
        _REPLICATE_IMAGE,
        _FAL,
        _FAL_BIREFNET,
        _BRIA,
        _BRIA_IMAGE,
        _REMOVE_BG,
        _UNSCREEN,
    )
}
"""Every service by the name of its engine."""
