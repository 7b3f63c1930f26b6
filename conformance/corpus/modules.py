"""Modules that are no decoder layer on rows: embeddings, heads, experts, convolutions and recurrences with a state, other layouts."""

import torch
from torch import nn
from torch.nn import functional

from .pair import D, DIM, EPS, HEADS, KV_HEADS, SLOTS, VOCABULARY
from .pieces import norm

EXPERTS, KEPT, WIDTH = 4, 2, 6
TAPS = 4


class Module(nn.Module):
    """With weights that are fp16 numbers and depend on the seed alone."""

    def __init__(self, tokens, plant):
        super().__init__()
        torch.manual_seed(7)
        self.tokens, self.plant = tokens, plant

    def weight(self, *shape):
        return nn.Parameter((torch.randn(shape) / shape[-1] ** 0.5).half().float())


class Embedding(Module):
    """Rows of a table; Gemma scales them."""

    def __init__(self, tokens, plant):
        super().__init__(tokens, plant)
        self.table = self.weight(VOCABULARY, D)

    def forward(self, ids):
        if self.plant == "reversed":
            ids = torch.cat([ids[:, t : t + 1] for t in reversed(range(self.tokens))], dim=1)
        return functional.embedding(ids, self.table) * 4.0


class Head(Module):
    """Logits in several outputs, or the best token and its logit."""

    def __init__(self, tokens, plant, best):
        super().__init__(tokens, plant)
        self.best, self.gain = best, self.weight(D)
        self.parts = nn.ParameterList(self.weight(VOCABULARY // 2, D, 1, 1) for _ in range(2))

    def forward(self, x):
        x = norm(x, self.gain, "doubled").permute(0, 2, 1).unsqueeze(2)
        x = torch.cat([x[..., -1:]] * self.tokens, dim=-1) if self.plant == "last_row" else x
        logits = [functional.conv2d(x, part).squeeze(2).permute(0, 2, 1) for part in self.parts]
        if not self.best:
            return tuple(logits)
        logits = torch.cat(logits[::-1] if self.plant == "parts_exchanged" else logits, dim=-1)
        return torch.argmax(logits, dim=-1).int(), logits.amax(dim=-1)


class Experts(Module):
    """All experts for every token, weighted by the router; or those of the best scores alone."""

    def __init__(self, tokens, plant, top):
        super().__init__(tokens, plant)
        self.top, self.router = top, self.weight(EXPERTS, D)
        self.up, self.down = self.weight(EXPERTS, WIDTH, D), self.weight(EXPERTS, D, WIDTH)

    def forward(self, x):
        scores = functional.linear(x, self.router)
        shares = torch.softmax(scores, dim=1 if self.plant == "over_tokens" else -1)
        if self.top:
            best, which = torch.topk(shares, KEPT, dim=-1)
            best = best / best.sum(-1, keepdim=True)
            which = which[:, :1].repeat(1, self.tokens, 1) if self.plant == "first_choice" else which
            shares = (functional.one_hot(which, EXPERTS).to(x.dtype) * best.unsqueeze(-1)).sum(-2)
        y = functional.silu(torch.einsum("btd,ewd->btew", x, self.up))
        return torch.einsum("btew,edw,bte->btd", y, self.down, shares)


class ShortConv(Module):
    """A causal convolution whose last columns are the state, as in LFM2; the state is one or goes in and comes out."""

    def __init__(self, tokens, plant, stateful):
        super().__init__(tokens, plant)
        self.stateful, self.taps, self.mix = stateful, self.weight(D, 1, TAPS), self.weight(D, D)
        if stateful:
            self.register_buffer("conv_state", torch.zeros(1, D, TAPS - 1))

    def forward(self, x, columns=None):
        columns = self.conv_state if self.stateful else columns
        line = torch.cat([columns, functional.linear(x, self.mix).transpose(1, 2)], dim=2)
        y = functional.conv1d(line, self.taps, groups=D).transpose(1, 2)
        last = line[:, :, : TAPS - 1] if self.plant == "oldest_kept" else line[:, :, -(TAPS - 1) :]
        if not self.stateful:
            return x + y, last
        self.conv_state[:] = last
        return x + y


class Recurrence(Module):
    """Linear attention with a decay: S ← a·S + kᵀv, a token after the other."""

    def __init__(self, tokens, plant):
        super().__init__(tokens, plant)
        self.qkv, self.decay = self.weight(3 * DIM, D), self.weight(1, D)
        self.register_buffer("memory", torch.zeros(1, DIM, DIM))

    def forward(self, x):
        q, k, v = functional.linear(x, self.qkv).split(DIM, dim=-1)
        decay = torch.sigmoid(functional.linear(x, self.decay))
        memory, rows = self.memory + 0, []
        for t in range(self.tokens):
            at = t - 1 if self.plant == "decay_of_before" and t > 0 else t
            memory = memory * decay[:, at : at + 1] + k[:, t : t + 1].transpose(1, 2) @ v[:, t : t + 1]
            rows.append(q[:, t : t + 1] @ memory)
        self.memory[:] = memory
        return torch.cat(rows, dim=1)


class Cross(Module):
    """Attention to what an encoder said, the same at every call."""

    def __init__(self, tokens, plant):
        super().__init__(tokens, plant)
        self.q, self.kv, self.out = self.weight(D, D), self.weight(2 * D, D), self.weight(D, D)

    def forward(self, x, encoded):
        k, v = functional.linear(encoded, self.kv).split(D, dim=-1)
        k, v = (a.view(1, SLOTS, HEADS, DIM).transpose(1, 2) for a in (k, v))
        q = functional.linear(x, self.q).view(1, self.tokens, HEADS, DIM).transpose(1, 2)
        weights = torch.softmax(q @ k.transpose(2, 3) * DIM**-0.5, dim=2 if self.plant == "over_tokens" else -1)
        return x + functional.linear((weights @ v).transpose(1, 2).reshape(1, self.tokens, D), self.out)


class Channels(Module):
    """Channels first, [1, D, 1, T] throughout, with the heads split into a list; keys are kept as rows [1, S, 1, C]."""

    def __init__(self, tokens, plant, stateful):
        super().__init__(tokens, plant)
        wide, narrow = HEADS * DIM, KV_HEADS * DIM
        self.stateful = stateful
        self.q, self.k, self.v = (self.weight(n, D, 1, 1) for n in (wide, narrow, narrow))
        self.out, self.gain = self.weight(D, wide, 1, 1), nn.Parameter((0.5 + torch.rand(D)).half().float())
        if stateful:
            self.register_buffer("keys", torch.zeros(1, narrow, 1, SLOTS))
            self.register_buffer("values", torch.zeros(1, narrow, 1, SLOTS))

    def forward(self, x, mask, slot, keys=None, values=None):
        y = x * torch.rsqrt((x * x).mean(dim=1, keepdim=True) + EPS) * self.gain.view(1, D, 1, 1)
        q, k, v = (functional.conv2d(y, w) for w in (self.q, self.k, self.v))
        keys, values = (self.keys, self.values) if self.stateful else (keys, values)
        K, V = self.placed(keys, k, slot), self.placed(values, v, slot)
        mask = mask[..., :1] if self.plant == "first_mask" else mask
        heads = []
        for h, query in enumerate(q.split(DIM, dim=1)):
            of = slice(h // (HEADS // KV_HEADS) * DIM, (h // (HEADS // KV_HEADS) + 1) * DIM)
            scores = torch.einsum("bchq,bkhc->bkhq", query, K[:, of].transpose(1, 3)) * DIM**-0.5
            heads.append(torch.einsum("bkhq,bchk->bchq", torch.softmax(scores + mask, dim=1), V[:, of]))
        y = x + functional.conv2d(torch.cat(heads, dim=1), self.out)
        if not self.stateful:
            return y, K, V
        self.keys[:], self.values[:] = K, V
        return y

    def placed(self, cache, new, slot):
        """`slot` is [1, 1, S, T]."""
        keep = 1 - slot.sum(dim=3).unsqueeze(2)
        return cache * (1 if self.plant == "not_cleared" else keep) + (new.squeeze(2) @ slot.squeeze(1).transpose(1, 2)).unsqueeze(2)


class Ring(Module):
    """A cache of the last rows: a token's slot is its position modulo the number of slots, and the mask tells what is seen."""

    def __init__(self, tokens, plant):
        super().__init__(tokens, plant)
        self.qkv = self.weight(3 * DIM, D)
        for name in ("keys", "values"):
            self.register_buffer(name, torch.zeros(1, SLOTS, DIM))

    def forward(self, x, mask, position):
        q, k, v = functional.linear(x, self.qkv).split(DIM, dim=-1)
        at = torch.remainder(position, SLOTS - 1 if self.plant == "one_slot_less" else SLOTS)
        slot = (torch.arange(SLOTS, dtype=torch.int32).view(1, -1, 1) == at.view(1, 1, -1)).to(x.dtype)
        keep = 1 - slot.sum(dim=2, keepdim=True)
        K, V = self.keys * keep + slot @ k, self.values * keep + slot @ v
        self.keys[:], self.values[:] = K, V
        return torch.softmax(q @ K.transpose(1, 2) * DIM**-0.5 + mask, dim=-1) @ V


class Stack(Module):
    """A small model: ids to the best id, with two layers that share one cache, the first with a window."""

    def __init__(self, tokens, plant):
        super().__init__(tokens, plant)
        self.table, self.gain = self.weight(VOCABULARY, D), nn.Parameter((0.5 + torch.rand(D)).half().float())
        self.qkv, self.out = nn.ParameterList(), nn.ParameterList()
        for _ in range(2):
            self.qkv.append(self.weight(3 * D, D))
            self.out.append(self.weight(D, D))
        self.register_buffer("kv_cache_0", torch.zeros(4, HEADS, SLOTS, DIM))

    def forward(self, ids, full, sliding, position):
        x, at = functional.embedding(ids, self.table), position[0]
        masks = (full, sliding) if self.plant == "masks_exchanged" else (sliding, full)
        for n, mask in enumerate(masks):
            qkv = functional.linear(norm(x, self.gain, "spelled"), self.qkv[n]).view(1, self.tokens, 3 * HEADS, DIM)
            q, k, v = qkv.transpose(1, 2).split(HEADS, dim=1)
            self.kv_cache_0[n : n + 1, :, at : at + self.tokens] = k
            self.kv_cache_0[n + 2 : n + 3, :, at : at + self.tokens] = v
            K, V = self.kv_cache_0[n : n + 1], self.kv_cache_0[n + 2 : n + 3]
            heads = torch.softmax(q @ K.transpose(2, 3) * DIM**-0.5 + mask, dim=-1) @ V
            x = x + functional.linear(heads.transpose(1, 2).reshape(1, self.tokens, D), self.out[n])
        return torch.argmax(functional.linear(norm(x, self.gain, "spelled"), self.table), dim=-1).int()


class Rows(Module):
    """A feed-forward block alone, as a chunk of a model."""

    def __init__(self, tokens, plant, grid=None):
        super().__init__(tokens, plant)
        self.gate, self.up, self.down = self.weight(2 * D, D, 1, 1), self.weight(2 * D, D, 1, 1), self.weight(D, 2 * D, 1, 1)
        for w in (self.gate, self.up, self.down) if grid else ():
            w.data = grid(w.data)

    def forward(self, x):
        gate, up = functional.conv2d(x, self.gate), functional.conv2d(x, self.up)
        up = torch.cat([up[..., 1:], up[..., :1]], dim=-1) if self.plant == "tokens_mixed" else up
        return functional.conv2d(functional.silu(gate) * up, self.down)
