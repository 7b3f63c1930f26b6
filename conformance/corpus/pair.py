"""What a pair of packages is: a torch module for any number of tokens, what a host feeds to it, and what is kept between calls."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from torch import nn

# Whatever a converter writes as an fp16 number is one: 1/√DIM, steps of angles, EPS; so that torch in float64 computes with the same.
D, HEADS, KV_HEADS, DIM, SLOTS, VOCABULARY = 16, 4, 2, 4, 12, 24
BASE, EPS = 16, 2**-10
BLOCK = 4
GROUP = HEADS // KV_HEADS


@dataclasses.dataclass(frozen=True)
class Call:
    """The tokens of one call: their hidden rows [T, D], their ids [T], and the cache row of the first."""

    x: np.ndarray
    ids: np.ndarray
    first: int

    @property
    def tokens(self):
        return len(self.ids)

    @property
    def rows(self):
        return np.arange(self.first, self.first + self.tokens)

    def token(self, t):
        """The call of token t alone."""
        return Call(self.x[t : t + 1], self.ids[t : t + 1], self.first + t)


@dataclasses.dataclass(frozen=True)
class Feed:
    """An input: its array for a call, and its entry in graphc's interface file (None where the shape tells it)."""

    array: Callable[[Call], np.ndarray]
    role: Mapping | str | None = None


@dataclasses.dataclass(frozen=True)
class Carried:
    """An input that the host keeps between calls: the output that it takes up, and how."""

    shape: tuple
    output: str
    # What the input is at the next call, of what it was, of the output and of the call: see feeds.py.
    next: Callable[[np.ndarray, np.ndarray, Call], np.ndarray]
    role: Mapping | str | None


@dataclasses.dataclass(frozen=True)
class Pair:
    """A block of BLOCK tokens and its step: `module(tokens, plant)` makes either."""

    name: str
    by: str
    module: Callable[[int, str | None], nn.Module]
    feeds: Mapping[str, Feed]
    outputs: tuple
    plant: str
    states: Mapping[str, tuple] = dataclasses.field(default_factory=dict)
    carried: Mapping[str, Carried] = dataclasses.field(default_factory=dict)
    target: str = "iOS18"
    # What is done to a converted package before it is saved; it changes no value.
    afterwards: Callable | None = None
    tokens: int = BLOCK
    # Two packages; or one with two functions, with a range of sizes or with a list of them.
    form: str = "two"

    @property
    def is_one_graph(self):
        """Block and step are sizes of one graph, which a mistake is in for both."""
        return self.form in ("range", "enumerated")

    def interface(self):
        """The interface file for graphc."""
        inputs = {**self.feeds, **self.carried}
        return {"inputs": {name: of.role for name, of in inputs.items() if of.role is not None}}

    def call(self, rng):
        """A random call of the block, with room behind it."""
        x = rng.standard_normal((self.tokens, D)).astype(np.float16).astype(np.float64)
        ids = rng.integers(0, VOCABULARY, self.tokens)
        return Call(x, ids, int(rng.integers(1, SLOTS - 2 * self.tokens + 1)))

    def inputs(self, call, carried):
        """All inputs of a call in the order of the module's arguments."""
        return {name: feed.array(call) for name, feed in self.feeds.items()} | {name: carried[name] for name in self.carried}
