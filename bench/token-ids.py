"""Texts as tokens of a GGUF file's own tokenizer (transformers): token-ids.py MODEL.gguf TOKENS FILE..., a JSON list of lists of ids on stdout.
Of each file are taken its first TOKENS tokens behind its first third, so that no title begins it."""
import json
import os
import sys

from transformers import AutoTokenizer

model, tokens, files = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
folder, name = os.path.split(os.path.abspath(model))
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
found = []
for file in files:
    text = open(file, encoding="utf-8").read()
    found.append(tokenizer(text[len(text) // 3 :])["input_ids"][:tokens])
print(json.dumps(found))
