"""What hosts feed: hidden rows, masks, positions and RoPE rows in the layouts of the field; how they keep caches."""

import dataclasses

import numpy as np

from .pair import BASE, DIM, SLOTS, Carried, Feed

INF = 65504.0
CLOSED = 1e4
POSITION = {"kind": "position"}


def rope_angles(rows, dim=DIM):
    return np.outer(rows, 1 / BASE ** (np.arange(0, dim, 2) / dim))


def rope_table(part, rows, full=True):
    """Rows of cos or sin [T, DIM], or half as wide; in fp16, as a host and a package hold them."""
    values = getattr(np, part)(rope_angles(rows)).astype(np.float16).astype(np.float64)
    return np.concatenate([values, values], axis=1) if full else values


def hidden(layout="rows"):
    """Hidden rows as [1, T, D] or as the channels [1, D, 1, T], [1, D, T, 1]."""
    axes = {"rows": (0, 1, 2), "channels": (0, 2, 1)}[layout[:8]]

    def array(call):
        x = call.x[None].transpose(axes)
        return {"rows": x, "channels": x[:, :, None], "channels_down": x[..., None]}[layout]

    return Feed(array, "rows")


def rope(part, full=True, lead=0):
    """A row of the RoPE table for each token, behind `lead` axes of size 1."""
    return Feed(lambda call: rope_table(part, call.rows, full)[(None,) * lead], {"kind": "rows", "rope": part})


def visible(call, window=None, slots=SLOTS):
    rows, seen = call.rows[:, None], np.arange(slots)
    return (seen <= rows) & (seen > rows - (window or slots))


def mask(closed=CLOSED, opened=0.0, window=None, down=False):
    """[1, 1, T, S]; with `down` [1, S, 1, T]."""

    def array(call):
        m = np.where(visible(call, window), opened, -closed if closed > 1 else closed)[None, None]
        return m.transpose(0, 3, 1, 2) if down else m

    return Feed(array, {"kind": "mask", "open": opened, "closed": -closed if closed > 1 else closed})


def one_hot(layout="slots_by_tokens"):
    """A column per token, 1 at its cache row: [1, 1, S, T]; or [1, S, 1, T]."""

    def array(call):
        m = (np.arange(SLOTS)[:, None] == call.rows).astype(np.float64)
        return m[None, None] if layout == "slots_by_tokens" else m[None, :, None]

    return Feed(array, "write_mask")


def first_position():
    return Feed(lambda call: call.rows[:1].astype(np.int32), POSITION)


def positions(lead=0):
    return Feed(lambda call: call.rows.astype(np.int32)[(None,) * lead], POSITION)


def ids(lead=1):
    return Feed(lambda call: call.ids.astype(np.int32)[(None,) * lead], "rows")


def whole(shape, output):
    """A cache that goes in and comes out as a whole."""
    return Carried(shape, output, lambda _, now, __: now, {"kind": "cache", "update": "replace", "rows": output})


def slot(shape, output, axis=2):
    """A cache whose new rows come out: the host writes each at its token's cache row."""

    def after(cache, rows, call):
        cache = cache.copy()
        cache[(slice(None),) * axis + (call.rows,)] = rows
        return cache

    return Carried(shape, output, after, {"kind": "cache", "update": "slot", "rows": output})


def behind(window):
    """The mask of a cache that is joined with the call's own rows, [1, 1, T, S + T]: with a window the oldest rows drop out one by one."""

    def array(call):
        tokens = np.arange(call.tokens)[:, None]
        old = np.arange(SLOTS) >= tokens if window else np.arange(SLOTS) < call.first + 0 * tokens
        return np.where(np.concatenate([old, tokens.T <= tokens], axis=1), 0, -CLOSED)[None, None]

    return Feed(array, {"kind": "mask"})


def joined(shape, output):
    """As `slot`: but the graph sees the rows of its own call behind the cache, and its mask tells how far the cache is filled."""
    return dataclasses.replace(slot(shape, output), role={"kind": "cache", "update": "append", "rows": output})


def shift(shape, output, axis=2):
    """A cache of the last rows: the host drops as many of the oldest as it appends."""

    def after(cache, rows, _):
        both = np.concatenate([cache, rows], axis=axis)
        return both.take(range(rows.shape[axis], both.shape[axis]), axis=axis)

    return Carried(shape, output, after, {"kind": "cache", "update": "shift", "rows": output})
