"""The truth about a pair: torch runs the block and the steps in float64, and their rows and states are equal or not."""

import numpy as np
import torch

FILLS = 4
EQUAL = 1e-9


def run(pair, module, call, carried, states):
    """Outputs by name; states and what the host carries are replaced in their dicts."""
    for name, value in states.items():
        getattr(module, name).copy_(torch.from_numpy(value))
    values = [torch.from_numpy(np.array(x)) for x in pair.inputs(call, carried).values()]
    with torch.no_grad():
        out = module(*values)
    out = out if isinstance(out, tuple) else (out,)
    outputs = {name: x.double().numpy().copy() for name, x in zip(pair.outputs, out, strict=True)}
    states.update({name: getattr(module, name).double().numpy().copy() for name in states})
    carried.update({name: of.next(carried[name], outputs[of.output], call) for name, of in pair.carried.items()})
    return outputs


def caches(pair, rng):
    """Random caches: of the states, and of the inputs that the host carries."""
    draw = lambda shape: rng.standard_normal(shape).astype(np.float16).astype(np.float64)  # noqa: E731
    return {n: draw(of.shape) for n, of in pair.carried.items()}, {n: draw(shape) for n, shape in pair.states.items()}


def differs(a, b):
    return a.shape != b.shape or np.abs(a - b).max() > EQUAL * max(1.0, np.abs(b).max())


def joined(steps, block):
    """The steps' outputs along the axis of tokens, the one in which they differ from the block's."""
    axes = [axis for axis, sizes in enumerate(zip(steps[0].shape, block.shape, strict=True)) if sizes[0] != sizes[1]]
    return np.concatenate(steps, axis=axes[0]) if axes else steps[-1]


def equal(pair, plant=None, seed=1):
    """Whether a call of the block, with or without the planted mistake, is as its steps."""
    block, step = (pair.module(tokens, p).double().eval() for tokens, p in ((pair.tokens, plant), (1, plant if pair.is_one_graph else None)))
    rng = np.random.default_rng(seed)
    for _ in range(FILLS):
        call = pair.call(rng)
        carried, states = caches(pair, rng)
        kept = dict(carried), dict(states)
        out = run(pair, block, call, carried, states)
        singles = [run(pair, step, call.token(t), *kept) for t in range(pair.tokens)]
        rows = {name: joined([one[name] for one in singles], x) for name, x in out.items() if not is_cache(pair, name)}
        ends = [(carried, kept[0]), (states, kept[1])]
        if any(differs(out[name], x) for name, x in rows.items()):
            return False
        if any(differs(ours[name], theirs[name]) for ours, theirs in ends for name in ours):
            return False
    return True


def is_cache(pair, output):
    """An output that the host takes up as a cache is judged by what the cache is then."""
    return any(of.output == output for of in pair.carried.values())
