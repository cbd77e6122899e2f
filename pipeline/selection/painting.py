"""Brush strokes of a prompt on what an engine found."""

from __future__ import annotations

from dataclasses import replace

from engines.base import Instance
from utils.errors import UnusablePrompt
from utils.strokes import paint
from utils.types import Prompt


def painted(instances: list[Instance], prompt: Prompt) -> list[Instance]:
    """Return the instances with the prompt's strokes painted on each.

    Of objects side by side only the first takes what is added; each loses what is removed.

    Raises:
        UnusablePrompt: nothing is left of any of them.
    """
    if not prompt.strokes:
        return instances
    are_objects = bool(prompt.text.strip() or prompt.exemplars)
    removing = [stroke for stroke in prompt.strokes if not stroke.is_positive]
    masks = [
        paint(instance.mask, removing if are_objects and number else prompt.strokes)
        for number, instance in enumerate(instances)
    ]
    left = [
        replace(one, mask=mask) for one, mask in zip(instances, masks, strict=True) if mask.any()
    ]
    if not left:
        raise UnusablePrompt("prompt.all_erased")
    return left
