"""What can go wrong while a file is fetched."""

from __future__ import annotations


class Refused(Exception):
    """Something that the user can fix: the text says what and how."""


class AccessRefused(Refused):
    """The model hub wants an account with access to this model."""


class NotThere(Exception):
    """The source answers, but has no such file."""


class SourceUnavailable(Exception):
    """This source can't be used now (no answer, tool missing): the next one may do."""
