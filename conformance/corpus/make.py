"""Writes the packages of pairs of the corpus, what graphc is asked about each, and the truth.

    python -m corpus.make OUT [NAME ...]

The last line that it prints lists, as JSON, for each pair its packages, its interface file, and for the block and its twin whether torch says that they
are as their steps; OUT/*.safetensors hold a call for each and what torch makes of it.
"""

import contextlib
import io
import json
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from . import PAIRS
from .convert import joined, packaged, real, stored
from .truth import caches, equal, run


def main(out, names):
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore")
    out.mkdir(parents=True, exist_ok=True)
    chosen = [pair for pair in PAIRS if not names or pair.name in names]
    print(json.dumps([written(pair, out) for pair in chosen]))


def written(pair, out):
    """The record of a pair whose files are then there."""
    truth = equal(pair), equal(pair, pair.plant)
    if truth != (True, False):
        sys.exit(f"{pair.name}: torch says {truth} of the block and of {pair.plant}; there is nothing to prove, or no mistake")
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        right, wrong, runs = FORMS[pair.form](pair, out)
    interface = out / f"{pair.name}.interface.json"
    interface.write_text(json.dumps(pair.interface()))
    record = {"name": pair.name, "by": pair.by, "plant": pair.plant, "interface": str(interface)}
    return record | {"right": right, "wrong": wrong, "runs": [with_call(pair, *one, out) for one in runs]}


def saved(pair, out, suffix, tokens, plant=None):
    path = out / f"{pair.name}.{suffix}.mlpackage"
    packaged(pair, tokens, plant).save(str(path))
    return str(path)


def two(pair, out):
    block, step = saved(pair, out, "block", pair.tokens), saved(pair, out, "step", 1)
    twin = saved(pair, out, "wrong", pair.tokens, pair.plant)
    return [block, step], [twin, step], [([block], pair.tokens), ([step], 1)]


def functions(pair, out):
    """`infer` is the step, `prefill` the block."""
    step, paths = saved(pair, out, "step", 1), []
    for suffix, plant in (("functions", None), ("functions.wrong", pair.plant)):
        block = saved(pair, out, f"{suffix}.block", pair.tokens, plant)
        path = out / f"{pair.name}.{suffix}.mlpackage"
        joined({"infer": step, "prefill": block}, path)
        paths.append([str(path), "--functions", "infer,prefill"])
    path = paths[0][0]
    return *paths, [([path, "--function", "prefill", "--step-function", "infer"], pair.tokens)]


def flexible(pair, out):
    right, wrong = (saved(pair, out, suffix, pair.tokens, plant) for suffix, plant in (("any", None), ("wrong", pair.plant)))
    size = ["--tokens", str(pair.tokens)]
    return [right, *size], [wrong, *size], [([right, *size], pair.tokens)]


FORMS = {"two": two, "functions": functions, "range": flexible, "enumerated": flexible}


def with_call(pair, command, tokens, out):
    """The options of `graphc run` for a random call, and the file with what torch makes of it in float64."""
    module = pair.module(tokens, None).double().eval()
    rng = np.random.default_rng(tokens)
    call = pair.call(rng)
    call = call if tokens > 1 else call.token(0)
    carried, states = caches(pair, rng)
    stem = str(out / f"{pair.name}.{tokens}")
    save_file({name: stored(pair, x) for name, x in pair.inputs(call, carried).items()}, f"{stem}.in.safetensors")
    options = ["--unchecked", "--inputs", f"{stem}.in.safetensors"]
    if states:
        save_file({name: x.astype(real(pair)) for name, x in states.items()}, f"{stem}.state.safetensors")
        options += ["--state", f"{stem}.state.safetensors"]
    outputs = run(pair, module, call, dict(carried), states)
    save_file({name: np.ascontiguousarray(x) for name, x in (outputs | states).items()}, f"{stem}.torch.safetensors")
    return {"command": [*command, *options], "torch": f"{stem}.torch.safetensors", "out": f"{stem}.out.safetensors"}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
