"""Tokenizers of built models: the ids of odd texts, against Hugging Face's own tokenizers and llama.cpp."""
import json
import unicodedata

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

TEXTS = [
    "The capital of France is", "", " ", "  leading and trailing  ", "\n\n\n", "a\r\nb\tc\u00a0d\u2003e", "I'll we've he's THEY'RE don't",
    "12345 3.14 1,000,000 ½ ² ٣٤٥ Ⅷ 一二三", "héllo naïve café e\u0301 \u1e9b\u0323", "👩‍👩‍👧‍👦🇫🇷👍🏽", "日本語のテキスト 中文 한국어", "مرحبا بالعالم שלום",
    "<|im_start|>user\nhi<|im_end|>\n<|endoftext|>", "<|im_start|><|im_start|> <|im_end|>x", "<|not_special|> <repo_name>",
    "def f(x):\n    return x ** 2  # ok\n\n\tif x: pass", "\ufeffbom \u200b zero \u00ad soft", "\u0000\u0001\u007f", "ǅ ﬁ ß İ ı", "a" * 300, "!?!?... --- ___ $$$ @@@ #tag",
    "𝕳𝖊𝖑𝖑𝖔 𐍈", "\u0085next\u2028line\u2029para", "'s 'S 't 'll", "__proto__ constructor toString",
]  # fmt: skip
# Each splits texts in another way; the words are those of SmolLM2.
SPLITTINGS = ["smollm", "gpt-2", "llama-bpe", "qwen2", "gpt-4o"]


@pytest.mark.parametrize("pre", SPLITTINGS)
def test_ids_are_those_of_hugging_face_and_llama_cpp(script, llama, smollm2, vocabulary_as, tmp_path, measured, pre):
    texts, folder, vocabulary = tmp_path / "texts.json", tmp_path / "tokenizer", vocabulary_as(pre)
    texts.write_text(json.dumps(TEXTS))
    ours = json.loads(script("text", vocabulary, folder, texts))
    judge = Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs = [judge.encode(text).ids for text in TEXTS]
    assert ours["ids"] == theirs
    assert ours["texts"] == [judge.decode(ids) for ids in theirs]
    witness = llama("tokenize", vocabulary, texts)
    parted = [text for text, a, b in zip(TEXTS, ours["ids"], witness) if a != b]
    measured(f"text split as {pre}: {len(TEXTS)} odd texts have the ids of Hugging Face's tokenizers, {len(TEXTS) - len(parted)} of them those of llama.cpp; others: {parted}")
    # Hugging Face's tokenizers of Qwen compose characters first, and llama.cpp does not.
    assert parted == ([text for text in TEXTS if unicodedata.normalize("NFC", text) != text] if pre == "qwen2" else [])


def test_the_template_for_chats_is_jinjas(script, smollm2, tmp_path):
    texts, folder = tmp_path / "texts.json", tmp_path / "tokenizer"
    texts.write_text(json.dumps(TEXTS))
    ours = json.loads(script("text", smollm2, folder, texts))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(config["chat_template"])
    judge = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text, ids in zip(TEXTS, ours["chats"]):
        said = template.render(messages=[{"role": "user", "content": text}], add_generation_prompt=True)
        assert ids == judge.encode(said, add_special_tokens=False).ids
