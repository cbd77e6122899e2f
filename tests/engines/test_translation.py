"""Chinese prompts: the word list, the model on a tiny random checkpoint, and what is said without it."""

from __future__ import annotations

import pytest

from config import Settings
from engines.text.translation import Translator, as_prompt, needs_translation
from utils.errors import EngineUnavailable, ModelFilesError


def translator(folder) -> Translator:
    return Translator(Settings(_env_file=None, translation_model=str(folder)))


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("人", "person"),
        ("红色的车", "red car"),
        ("红车", "red car"),
        ("一只黑猫", "black cat"),
        ("穿红衣服的人", "person in red clothes"),
        ("穿红色的衣服的女人", "woman in red clothes"),
        ("戴帽子的男人", "man wearing a hat"),
        ("拿着雨伞的女孩", "girl holding an umbrella"),
        ("穿白色衬衫戴眼镜的男人", "man in a white shirt wearing glasses"),
        ("奔跑的白色的马", "white horse running"),
        (" 所有 行人。", "pedestrian"),
    ],
)
def test_word_list_translates_noun_phrases_without_a_model(tmp_path, chinese, english):
    translation = translator(tmp_path).translate(chinese)
    assert (translation.english, translation.source) == (english, "glossary")


def test_english_text_is_not_translated_but_trimmed(tmp_path):
    translation = translator(tmp_path).translate("  person in  red ")
    assert (translation.english, translation.source) == ("person in red", "none")


@pytest.mark.parametrize(
    ("text", "expected"), [("person", False), ("人", True), ("red 车", True), ("café", False)]
)
def test_only_chinese_needs_translation(text, expected):
    assert needs_translation(text) is expected


@pytest.mark.parametrize("text", ["左边第二个人", "人和狗", "穿红衣服", "red 车"])
def test_without_the_model_unknown_chinese_is_refused_with_the_command(tmp_path, text):
    with pytest.raises(EngineUnavailable) as caught:
        translator(tmp_path).translate(text)
    assert "download_models.sh opus-mt-zh-en" in caught.value.user_message
    assert text in caught.value.text("zh")


def test_answer_becomes_a_short_noun_phrase():
    assert as_prompt(" The person in red.") == "person in red"
    assert as_prompt("An apple") == "apple"


@pytest.fixture(scope="module")
def tiny_marian(tmp_path_factory):
    """A random Marian model with a real SentencePiece tokenizer."""
    pytest.importorskip("transformers")
    spm = pytest.importorskip("sentencepiece")
    import json

    import safetensors.torch
    import torch
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "opus-mt-zh-en"
    folder.mkdir()
    corpus = folder / "corpus.txt"
    corpus.write_text(
        "左边第二个人\nthe second person on the left\nred car blue sky\n红色的车\n" * 20
    )
    spm.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / "source"), vocab_size=34,
        character_coverage=1.0, minloglevel=2,
    )  # fmt: skip
    (folder / "target.spm").write_bytes((folder / "source.model").read_bytes())
    (folder / "source.model").rename(folder / "source.spm")
    pieces = spm.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    words = ["</s>", "<unk>", *(pieces.id_to_piece(i) for i in range(3, 34)), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    config = MarianConfig(
        vocab_size=len(words), d_model=32, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, max_position_embeddings=64, pad_token_id=len(words) - 1,
        eos_token_id=0, decoder_start_token_id=len(words) - 1, scale_embedding=True,
        forced_eos_token_id=0,
    )  # fmt: skip
    model = MarianMTModel(config).eval()
    config.save_pretrained(folder)
    skipped = ("lm_head.weight", "model.encoder.embed_tokens.weight", "embed_tokens.weight")
    state = {k: v.contiguous() for k, v in model.state_dict().items() if k not in skipped}
    state.setdefault("model.shared.weight", model.model.shared.weight.detach())
    state.pop("model.decoder.embed_tokens.weight", None)
    safetensors.torch.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_model_translates_what_the_word_list_does_not_know(tiny_marian):
    made = translator(tiny_marian)
    first = made.translate("左边第二个人")
    assert first.source == "model"
    assert first.english == made.translate("左边第二个人").english
    assert first.english == first.english.lower().rstrip(".")


def test_damaged_translation_model_is_named_with_the_command(tiny_marian, tmp_path):
    import shutil

    folder = shutil.copytree(tiny_marian, tmp_path / "copy")
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(ModelFilesError, match=r"model\.safetensors.*opus-mt-zh-en"):
        translator(folder).translate("左边第二个人")


def test_pickle_that_executes_is_refused(tiny_marian, tmp_path):
    import pickle
    import shutil

    folder = shutil.copytree(tiny_marian, tmp_path / "copy")
    (folder / "model.safetensors").unlink()
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Evil()}))
    with pytest.raises(ModelFilesError, match=r"pytorch_model\.bin"):
        translator(folder).translate("左边第二个人")
    assert not marker.exists()
