"""Translate Chinese prompts to English: by the glossary where it suffices, else by a model."""

from __future__ import annotations

import re
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engines.base import Requirement, package_requirement
from engines.device.placement import error_kind
from engines.text.glossary import translate_with_glossary
from engines.weights import FileVerifier, damaged, download_command, missing_files
from utils.errors import EngineUnavailable
from utils.types import Message

if TYPE_CHECKING:
    from config import Settings

_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_MODEL = "opus-mt-zh-en"
_PACKAGES = ("torch", "transformers", "sentencepiece")
_FILES = ("config.json", "vocab.json", "source.spm", "target.spm")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_BEAMS = 4
_MAX_NEW_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Translation:
    """The English to use, and where it comes from: the text itself, the glossary or the model."""

    english: str
    source: Literal["none", "glossary", "model"]


def needs_translation(text: str) -> bool:
    """Return whether the text has Chinese characters."""
    return bool(_CHINESE.search(text))


class Translator:
    """Translates prompts; the model (opus-mt-zh-en, CC-BY-4.0) loads on the CPU at first need.

    Args:
        settings: names the model's folder.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.model_path(settings.translation_model)
        self._verifier = FileVerifier(_MODEL, download_command(_MODEL))
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def requirements(self) -> tuple[Requirement, ...]:
        """Return what the model needs; the glossary needs nothing. Nothing is imported."""
        return (
            package_requirement(_PACKAGES),
            Requirement(
                Message("engine.requirement_weights", {"names": _MODEL}),
                present=not self._missing(),
                command=download_command(_MODEL),
            ),
        )

    def translate(self, text: str) -> Translation:
        """Return the English for a prompt; show it to the user, who may edit it.

        Raises:
            EngineUnavailable: it is Chinese, not covered by the glossary, and the model is not installed.
            ModelFilesError: a file of the model is damaged.
        """
        phrase = " ".join(text.split())
        if not needs_translation(phrase):
            return Translation(phrase, "none")
        listed = translate_with_glossary(phrase)
        if listed:
            return Translation(listed, "glossary")
        for requirement in self.requirements():
            if not requirement.present:
                raise EngineUnavailable(
                    "engine.translation_missing", text=phrase[:60], command=requirement.command
                )
        return Translation(self._translate_with_model(phrase), "model")

    def _missing(self) -> list[str]:
        missing = missing_files(self._folder, _FILES)
        if len(missing_files(self._folder, _WEIGHTS)) == len(_WEIGHTS):
            missing.append(_WEIGHTS[0])
        return missing

    def _translate_with_model(self, phrase: str) -> str:
        import torch

        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            model, tokenizer = self._loaded
            with torch.inference_mode():
                output = model.generate(
                    **tokenizer([phrase], return_tensors="pt", truncation=True, max_length=64),
                    num_beams=_BEAMS,
                    max_new_tokens=_MAX_NEW_TOKENS,
                    max_length=None,
                )
        return as_prompt(tokenizer.decode(output[0], skip_special_tokens=True))

    def _load(self) -> tuple[Any, Any]:
        from transformers import MarianConfig, MarianMTModel, MarianTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        weights = next(
            self._folder / name for name in _WEIGHTS if not missing_files(self._folder, [name])
        )
        self._verifier.verify(self._folder, [*_FILES, weights.name])
        try:
            model, info = MarianMTModel.from_pretrained(
                None,
                config=MarianConfig.from_pretrained(self._folder, local_files_only=True),
                state_dict=_read_state(weights),
                output_loading_info=True,
            )
            with warnings.catch_warnings():
                # It recommends a package for punctuation; prompts have none.
                warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
                tokenizer = MarianTokenizer.from_pretrained(self._folder, local_files_only=True)
        except Exception as error:
            if error_kind(error) != "other":
                raise
            raise damaged(
                weights, f"{type(error).__name__}: {error}", self._verifier.command
            ) from error
        if info["missing_keys"] or info["mismatched_keys"]:
            problem = f"keys missing or of another shape: {sorted(info['missing_keys'])[:1]}"
            raise damaged(weights, problem, self._verifier.command)
        return model.eval(), tokenizer


def as_prompt(sentence: str) -> str:
    """Return a translated sentence as the short noun phrase that text encoders expect."""
    phrase = sentence.strip().strip(".!?\"' ").lower()
    return re.sub(r"^(the|a|an)\s+", "", phrase)


def _read_state(path: Path) -> Any:
    """Read weights without executing anything that the file may hold."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)
