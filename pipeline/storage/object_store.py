"""An S3-compatible store of objects (AWS S3, Cloudflare R2, MinIO): files in and out in parts, links, clean-up.

boto3 is imported when a store is opened, so that nobody needs it who has set none. Access keys and signed
addresses are secrets: no message, log or file of ours has them.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from utils.errors import (
    Cancelled,
    NotEnoughDisk,
    ObjectMissing,
    StoreUnavailable,
    WorkersUnavailable,
)

PART_BYTES = 16 * 1024**2
"""Bytes of a part: S3 and R2 take parts from 5 MiB on, and 10,000 of them."""
AT_ONCE = 4
"""Parts or files that are sent or fetched at a time."""
CONNECT_S = 5
ANSWER_S = 30
"""Seconds that the store may take for a connection, and for bytes of an answer."""
DELETED_AT_ONCE = 1000
"""Objects that one request may delete."""
_FULL = frozenset({"QuotaExceeded", "QuotaExceededException", "InsufficientStorage", "XMinioStorageFull"})  # fmt: skip
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """Where a store is, and the keys to it; `prefix` is what the names of all our objects begin with."""

    endpoint: str
    bucket: str
    prefix: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


class ObjectStore:
    """Objects of one bucket, under one prefix; names in the methods are without it. Any thread may use it.

    Every method raises `StoreUnavailable` where the store can't be reached or refuses, and `NotEnoughDisk` where it
    is full.

    Raises:
        WorkersUnavailable: boto3 is not installed.
    """

    def __init__(self, access: ObjectAccess) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise WorkersUnavailable("worker.packages") from error
        self._bucket = access.bucket
        self._root = f"{access.prefix}/"
        self._shown = f"{access.endpoint}/{access.bucket}"
        self._answered: type[Exception] = ClientError
        self._unanswered: type[Exception] = BotoCoreError
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=access.endpoint,
            region_name=access.region,
            aws_access_key_id=access.access_key,
            aws_secret_access_key=access.secret_key,
            config=Config(
                signature_version="s3v4",
                connect_timeout=CONNECT_S,
                read_timeout=ANSWER_S,
                retries={"mode": "standard", "total_max_attempts": 3},
                max_pool_connections=2 * AT_ONCE,
                # Checksums of their own are AWS's only; what we send is named by its hash.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
            ),
        )

    @property
    def shown(self) -> str:
        """Its address for messages, without keys."""
        return self._shown

    def read(self, name: str) -> bytes | None:
        """Return a small object, None where there is none."""
        try:
            with self._reaching():
                answer = self._client.get_object(**self._at(name))
                return bytes(answer["Body"].read())
        except ObjectMissing:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a small object."""
        with self._reaching():
            self._client.put_object(**self._at(name), Body=content)

    def has(self, name: str) -> bool:
        """Return whether there is such an object."""
        try:
            with self._reaching():
                self._client.head_object(**self._at(name))
                return True
        except ObjectMissing:
            return False

    def send(self, name: str, path: Path, cancel: threading.Event) -> None:
        """Make an object of a file, in parts; those that an earlier try of the same content sent are not sent again.

        The store shows the object when all its parts are there.

        Raises:
            Cancelled: the event was set.
        """
        size_bytes = path.stat().st_size
        if size_bytes <= PART_BYTES:
            _check(cancel)
            self.write(name, path.read_bytes())
            return
        upload = self._open_upload(name)
        sent = self._sent_parts(name, upload)
        count = -(-size_bytes // PART_BYTES)
        send = partial(self._send_part, name, upload, path, sent, cancel)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tags = list(pool.map(send, range(1, count + 1)))
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
        with self._reaching():
            self._client.complete_multipart_upload(
                **self._at(name), UploadId=upload, MultipartUpload={"Parts": parts}
            )

    def fetch(self, name: str, path: Path, size_bytes: int, cancel: threading.Event) -> None:
        """Write an object to a file, in parts; a file that is there already is taken for its beginning.

        Raises:
            ObjectMissing: there is no such object, or it has another size.
            Cancelled: the event was set.
            OSError: the disk is full.
        """
        with path.open("ab") as stream:
            while stream.tell() < size_bytes:
                _check(cancel)
                first = stream.tell()
                last = min(first + PART_BYTES, size_bytes) - 1
                with self._reaching():
                    answer = self._client.get_object(
                        **self._at(name), Range=f"bytes={first}-{last}"
                    )
                    _copy(answer["Body"], stream)
                if stream.tell() == first:
                    raise ObjectMissing("objects.missing", store=self._shown, detail=name)

    def names(self, folder: str) -> Iterator[str]:
        """Yield the names of all objects of a folder ("" or with a slash at its end)."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._root + folder
        )
        for page in self._reached(pages):
            for item in page.get("Contents", ()):
                yield item["Key"][len(self._root) :]

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder, without a slash at their ends."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._root + folder, Delimiter="/"
        )
        skipped = len(self._root + folder)
        return [
            item["Prefix"][skipped:-1]
            for page in self._reached(pages)
            for item in page.get("CommonPrefixes", ())
        ]

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; those that are gone already are no error."""
        keys = [{"Key": self._root + name} for name in names]
        for first in range(0, len(keys), DELETED_AT_ONCE):
            some = {"Objects": keys[first : first + DELETED_AT_ONCE], "Quiet": True}
            with self._reaching():
                self._client.delete_objects(Bucket=self._bucket, Delete=some)

    def delete_folder(self, folder: str) -> None:
        """Delete all objects of a folder, and what was never completed of others."""
        self.delete(list(self.names(folder)))
        self.abort_uploads(folder)

    def abort_uploads(self, folder: str) -> int:
        """Remove the parts of objects of a folder that were never completed; return of how many."""
        uploads = list(self._uploads(folder))
        for name, upload in uploads:
            try:
                with self._reaching():
                    self._client.abort_multipart_upload(**self._at(name), UploadId=upload)
            except ObjectMissing:  # completed or removed meanwhile
                continue
        return len(uploads)

    def unfinished(self, folder: str) -> list[str]:
        """Return the names of a folder's objects that were never completed."""
        return [name for name, _ in self._uploads(folder)]

    def link(self, name: str, seconds: int, disposition: str, media_type: str) -> str:
        """Return an address that lets whoever has it read one object for a while."""
        values = {
            **self._at(name),
            "ResponseContentDisposition": disposition,
            "ResponseContentType": media_type,
        }
        return str(self._client.generate_presigned_url("get_object", values, ExpiresIn=seconds))

    def _open_upload(self, name: str) -> str:
        """Return the upload of an object that an earlier try left open, else a new one."""
        for found, upload in self._uploads(name):
            if found == name:
                return upload
        with self._reaching():
            return str(self._client.create_multipart_upload(**self._at(name))["UploadId"])

    def _sent_parts(self, name: str, upload: str) -> dict[int, str]:
        pages = self._client.get_paginator("list_parts").paginate(**self._at(name), UploadId=upload)
        return {
            int(part["PartNumber"]): str(part["ETag"])
            for page in self._reached(pages)
            for part in page.get("Parts", ())
        }

    def _send_part(
        self,
        name: str,
        upload: str,
        path: Path,
        sent: dict[int, str],
        cancel: threading.Event,
        number: int,
    ) -> str:
        _check(cancel)
        with path.open("rb") as stream:
            stream.seek((number - 1) * PART_BYTES)
            content = stream.read(PART_BYTES)
        tag = sent.get(number, "")
        # The tag of a part is its MD5 where the store doesn't encrypt with keys of its own.
        if tag.strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest():
            return tag
        with self._reaching():
            answer = self._client.upload_part(
                **self._at(name), UploadId=upload, PartNumber=number, Body=content
            )
        return str(answer["ETag"])

    def _uploads(self, name: str) -> Iterator[tuple[str, str]]:
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=self._root + name
        )
        for page in self._reached(pages):
            for item in page.get("Uploads", ()):
                yield item["Key"][len(self._root) :], item["UploadId"]

    def _reached(self, pages: Iterable[Any]) -> Iterator[Any]:
        with self._reaching():
            yield from pages

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._root + name}

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except self._answered as error:
            raise self._refusal(error) from error
        except self._unanswered as error:
            # Its text may have the address with the signature.
            detail = type(error).__name__
            raise StoreUnavailable("objects.gone", detail=detail, store=self._shown) from None

    def _refusal(self, error: Any) -> Exception:
        answer = error.response
        code = str(answer.get("Error", {}).get("Code", ""))
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        known = {"store": self._shown, "detail": f"{status} {code}"}
        if code == "NoSuchBucket":
            return StoreUnavailable("objects.no_bucket", **known)
        if code == "RequestTimeTooSkewed":
            return StoreUnavailable("objects.clock", **known)
        if status == 507 or code in _FULL:
            return NotEnoughDisk("objects.full", **known)
        if status in _GONE or status == 416:
            return ObjectMissing("objects.missing", **known)
        if status in (400, 401, 403):
            return StoreUnavailable("objects.refused", **known)
        return StoreUnavailable("objects.gone", **known)


def _copy(body: Any, stream: BinaryIO) -> None:
    for piece in body.iter_chunks(1 << 20):
        stream.write(piece)


def _check(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled
