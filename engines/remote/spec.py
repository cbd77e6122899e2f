"""What a row of the table of services says; values only.

Where something sits in an answer is a dotted path into its JSON, "urls.get", or several with "|" between
them, of which the first that is there counts. An address is such a path, or a template with "{".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

JsonBody: TypeAlias = "str | int | bool | tuple[str, ...] | Mapping[str, JsonBody]"

Sent: TypeAlias = Literal["video", "lossless", "pictures"]
"""One H.264 clip, one lossless clip with the masks beside it, or each frame as a PNG of its own."""
Returned: TypeAlias = Literal["transparency", "matte", "levels", "zip_matte"]
"""The result's own transparency, its brightness, 12 bits in red and green, or the matte inside a ZIP."""


@dataclass(frozen=True, slots=True)
class Upload:
    """How a file gets to where the service reads it, before the job is submitted.

    Without `target` the file itself is the form field `file_field` of the POST to `url`. With it, the POST
    only asks for an address: the file goes there by PUT, or by a form POST where `fields` names more fields.
    """

    url: str
    file_url: str
    """Where the address that the submit names sits in the answer."""
    body: Mapping[str, JsonBody] = field(default_factory=dict)
    file_field: str = "file"
    target: str = ""
    fields: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What a unit costs, in US dollars; None where it depends on a plan, so that the administrator states it.

    `charged` is the header of an answer that says how many units were charged.
    """

    unit: Literal["second", "picture", "job"]
    usd: float | None = None
    charged: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the service takes; 0 for no limit of its own. `long_side` is what is sent unless a user asks otherwise."""

    duration_s: float = 0.0
    upload_bytes: int = 0
    long_side: int = 0


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a service tells that a job has ended, and signs it; see `engines.remote.webhooks`."""

    body: Mapping[str, JsonBody]
    """Fields of the submit that ask for it; "{webhook}" is our address."""
    headers: str
    """What the names of its three headers begin with, in lower case."""
    salt: bytes = b""
    """What the signatures' key is derived with from the service's key; empty where it is a secret of its own."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service: where things sit in its protocol."""

    name: str
    """Engine name; `key_name` has that of its key."""
    title: str
    """The company's name."""
    base: str
    """Address of its API; "" where the administrator must say it."""
    auth: Mapping[str, str]
    """Headers that carry the key, "{key}" standing for it; sent to the host of `base` only."""
    sends: Sent
    returns: Returned
    submit: str
    body: Mapping[str, JsonBody]
    """JSON of the submit, or its form fields where the file travels in it; "{file}" is the file's address,
    "{file_base64}" the file itself."""
    price: Price
    upload: Upload | None = None
    file_field: str = ""
    """Form field of the file in the submit itself; "" where it went ahead by `upload`."""
    mask_field: str = ""
    """Form field of the target's masks, for a service that takes them."""
    model: str = ""
    """What "{model}" stands for unless the settings say otherwise."""
    submit_headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the submit beside the key."""
    storage: str = ""
    """Address of a second API of the same company, for uploads; it is given the key too."""
    id: str = "id"
    poll: str = ""
    """Address of a job's status; "" where the answer to the submit is the result itself."""
    status: str = "status"
    done: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    through: str = ""
    """Address whose JSON has the result, where the status has not."""
    result: str = ""
    result_suffix: str = ".mp4"
    error: str = "error"
    nothing_found: str = ""
    """Word of the refusal that says that a picture has no foreground: its alpha is 0, and it costs nothing."""
    account: str = ""
    """Name of the key's owner, where several rows share a key; else the row's own."""
    cancel: tuple[str, str] | None = None
    """Method and address that end a job."""
    quota: tuple[str, str] | None = None
    """Address that tells of the account, and where the credit left sits in it."""
    limits: Limits = Limits()
    webhook: Webhook | None = None

    @property
    def key_name(self) -> str:
        """Name of the key, in the environment and in the file of keys."""
        return f"{self._prefix}_KEY"

    @property
    def secret_name(self) -> str:
        """Name of the secret that webhooks are signed with, in the same places."""
        return f"{self._prefix}_WEBHOOK_SECRET"

    @property
    def _prefix(self) -> str:
        return f"SPLAZMATTE_{(self.account or self.name).upper().replace('-', '_')}"
