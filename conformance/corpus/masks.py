"""How a graph comes to its mask and what it does with it: (layer, the fed mask, inputs that are left, dtype) -> what masks scores."""

import torch

from .pair import SLOTS


class Keep:
    """Masks scores by a function of (scores, mask); `bias` is what scaled_dot_product_attention takes."""

    def __init__(self, mask, how=torch.add):
        self.mask, self.how = mask, how

    def __call__(self, scores):
        return self.how(scores, self.mask)

    def bias(self):
        return self.mask


def planted(layer, mask):
    """The mask with its mistake: each row is the next one's, or all are the first's."""
    if layer.plant == "future":
        return torch.cat([mask[:, :, 1:], mask[:, :, -1:]], dim=2)
    return mask[:, :, :1] if layer.plant == "first_mask" else mask


def added(layer, given, fed, dtype):
    return Keep(planted(layer, given))


def chosen(layer, given, fed, dtype):
    return Keep(planted(layer, given), lambda s, m: torch.where(m > 0.5, s, torch.tensor(-1e4, dtype=dtype)))


def filled(layer, given, fed, dtype):
    return Keep(planted(layer, given), lambda s, m: s.masked_fill(m == 0, -1e4))


def factor(layer, given, fed, dtype):
    return Keep(planted(layer, given), lambda s, m: s * m + (m - 1) * 1e4)


def down(layer, given, fed, dtype):
    """Fed as [1, S, 1, T]."""
    return Keep(planted(layer, given.permute(0, 2, 3, 1)))


def seen(layer, at):
    """[1, 1, T, S]: which cache rows the tokens see; `at` is their positions, or that of the first."""
    rows = at if at.shape[0] == layer.tokens else at + torch.arange(layer.tokens, dtype=torch.int32)
    rows = rows.view(1, 1, -1, 1) + (1 if layer.plant == "future" else 0)
    slots = torch.arange(SLOTS, dtype=torch.int32).view(1, 1, 1, -1)
    if not layer.style.window:
        return slots <= rows
    return torch.logical_and(slots <= rows, slots > rows - layer.style.window)


def compared(layer, given, fed, dtype):
    """Built in the graph from positions, as numbers that are added."""
    bias = torch.where(seen(layer, fed[0]), torch.tensor(0.0, dtype=dtype), torch.tensor(-1e4, dtype=dtype))
    return Keep(planted(layer, bias) if layer.plant == "first_mask" else bias)


def compared_bool(layer, given, fed, dtype):
    return Keep(seen(layer, fed[0]), lambda s, m: s.masked_fill(torch.logical_not(m), -1e4))


def tabled(layer, given, fed, dtype):
    """Rows of a constant table [S, S], picked by positions."""
    whole = torch.full((SLOTS, SLOTS), -1e4, dtype=dtype).triu(1)
    return Keep(planted(layer, whole[fed[0]][None, None]))


FED = {f.__name__: f for f in (added, chosen, filled, factor, down)}
OF = FED | {f.__name__: f for f in (compared, compared_bool, tabled)}
