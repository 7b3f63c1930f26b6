"""Pairs that are layers with a cache: whose way of writing each follows, and the mistake of its twin."""

from . import caches, feeds
from .layer import Layer, Style
from .pair import DIM, KV_HEADS, SLOTS, Pair

# What inputs are called; the converters' words where they differ.
NAMES = {"x": "x", "mask": "attn_mask", "cos": "rope_cos", "sin": "rope_sin", "at": "position", "slot": "kv_write_mask"}
ANEMLL = {"x": "hidden_states", "mask": "causal_mask", "cos": "cos", "sin": "sin", "at": "position_ids", "slot": "update_mask"}
CORELLM = {"x": "hidden_in", "mask": "causal_mask", "cos": "cos_s", "sin": "sin_s", "at": "current_pos", "slot": "update_mask"}
HF = {"x": "hidden_states", "mask": "attention_mask", "cos": "cos", "sin": "sin", "at": "cache_position", "slot": "slots"}
APPLE = {"x": "inputs_embeds", "mask": "causalMask", "cos": "cos", "sin": "sin", "at": "past", "slot": "writeMask"}
ROW_CACHE = (1, KV_HEADS, SLOTS, DIM)


def fed(style, names, closed, positions, lead):
    """The feeds that a layer of this style takes, in the order in which it takes them."""
    full = style.rope not in ("paired", "interleaved", "viewed", "part")
    masks = {
        "added": lambda: feeds.mask(closed, window=style.window or None),
        "down": lambda: feeds.mask(closed, down=True),
        "factor": lambda: feeds.mask(0.0, 1.0),
        "chosen": lambda: feeds.mask(0.0, 1.0),
        "filled": lambda: feeds.mask(0.0, 1.0),
    }
    entries = {names["x"]: feeds.hidden()}
    if style.cache in ("inputs_shifted", "inputs_joined"):
        entries[names["mask"]] = feeds.behind(window=style.cache == "inputs_shifted")
    elif style.mask in masks:
        entries[names["mask"]] = masks[style.mask]()
    if style.angles == "fed":
        entries |= {names[part]: feeds.rope(part, full, lead) for part in ("cos", "sin")}
    at_place = style.cache in ("slice", "unified", "columns", "put", "scattered", "one_hot")
    if at_place or style.angles not in ("fed", "none") or style.mask not in masks:
        entries[names["at"]] = feeds.positions() if positions else feeds.first_position()
    if style.cache in ("blend", "where", "inputs", "inputs_whole"):
        entries[names["slot"]] = feeds.one_hot()
    return entries


def layer(name, by, plant, style, names=NAMES, closed=feeds.CLOSED, positions=False, lead=0, carried=None, weights=None, **rest):
    """A pair of layers in a style."""
    entries = fed(style, names, closed, positions, lead)
    carried = carried or {}
    return Pair(
        name,
        by,
        lambda tokens, planted: Layer(tokens, style, planted, weights),
        entries,
        ("hidden", *(of.output for of in carried.values())),
        plant,
        caches.OF[style.cache].states,
        carried,
        **rest,
    )


def kept(how, shape=ROW_CACHE):
    return {f"{a}_cache": how(shape, f"{a}_rows") for a in "kv"}


LAYERS = [
    layer("blend_conv", "journal", "not_cleared", Style(linear="conv", cache="blend", fused=True)),
    layer("blend_paired", "journal", "rope_exchanged", Style(cache="blend", rope="paired", norm="doubled", attention="folded")),
    layer("blend_bool", "journal", "first_mask", Style(cache="blend", mask="chosen", rope="part")),
    layer("blend_down", "journal", "future", Style(linear="conv", cache="blend", mask="down", gqa="listed", norm="largest")),
    layer("where_cache", "journal", "first_value", Style(cache="where", attention="by_head", norm="length", qk_norm=True)),
    layer("unified_gathered", "anemll", "rope_exchanged", Style(linear="conv", cache="unified", norm="doubled", angles="gathered", gqa="repeat"), ANEMLL, feeds.INF, positions=True),
    layer("unified_sliced", "anemll", "slot_off", Style(linear="conv", cache="unified", norm="doubled", rope="paired", angles="sliced", gqa="repeat"), ANEMLL),
    layer("unified_qk_norm", "anemll", "rows_reversed", Style(linear="conv", cache="unified", norm="doubled", qk_norm=True, rope="paired", gqa="listed"), ANEMLL, feeds.INF),
    layer("unified_fed", "coreml-llm", "one_scale", Style(linear="conv", cache="unified", norm="chunked", qk_norm=True, mlp="tanh"), CORELLM, lead=1),
    layer("unified_masks", "coreml-llm", "first_mask", Style(cache="blend", norm="chunked", post_norm=True, mlp="tanh", bias=True, gqa="repeat_interleave"), CORELLM, feeds.INF, lead=1),
    layer("gemma", "coreml-llm", "norm_after_over_tokens", Style(cache="columns", norm="one_more", post_norm=True, mlp="tanh", cap=4.0, qk_norm=True, window=5), CORELLM),
    layer("rows_out", "coreml-llm", "future", Style(cache="inputs", gqa="repeat_interleave"), CORELLM, carried=kept(feeds.slot), target="iOS17"),
    layer("whole_out", "coreml-llm", "not_cleared", Style(cache="inputs_whole", linear="conv", norm="chunked"), CORELLM, carried=kept(feeds.whole), target="iOS16"),
    layer("einsum_layer", "coremlmodels", "first_rope", Style(linear="conv", attention="einsum", cache="slice", norm="largest", rope="matrix")),
    layer("columns", "coremlmodels", "slot_off", Style(linear="conv", attention="einsum_4d", cache="columns", norm="doubled", gqa="indexed", rope="sliced")),
    layer("by_head", "coremlmodels", "heads_reversed", Style(linear="conv", attention="by_head", cache="slice", norm="clamped_length", mlp="sigmoid")),
    layer("index_put", "executorch", "slot_off", Style(cache="put", rope="interleaved", attention="fused", gqa="repeat_interleave"), positions=True),
    layer("scatter", "executorch", "rows_reversed", Style(cache="scattered", rope="viewed", attention="fused", mask="added"), positions=True),
    layer("mask_tabled", "executorch", "future", Style(cache="put", rope="interleaved", angles="gathered", mask="tabled"), positions=True),
    layer("rows_shifted", "executorch", "future", Style(cache="inputs_shifted", rope="interleaved", gqa="repeat_interleave"), carried=kept(feeds.shift), target="iOS17"),
    layer("rows_joined", "executorch", "first_mask", Style(cache="inputs_joined", rope="paired", attention="by_head"), carried=kept(feeds.joined), target="iOS17"),
    layer("counted", "hf", "rope_exchanged", Style(cache="slice", angles="counted"), HF),
    layer("compared", "hf", "future", Style(cache="slice", mask="compared"), HF),
    layer("compared_window", "hf", "future", Style(cache="slice", mask="compared", window=4, qk_norm=True, norm="one_more"), HF),
    layer("compared_all", "hf", "slot_off", Style(cache="one_hot", mask="compared_bool", angles="selected", attention="broadcast"), HF, positions=True),
    layer("computed", "hf", "heads_mixed", Style(cache="slice", angles="computed", mask="filled", bias=True), HF, positions=True),
    layer("fused_qwen", "hf", "tokens_mixed", Style(cache="slice", attention="fused", qk_norm=True, bias=True, fused=True), HF, feeds.INF, lead=1),
    layer("exponents", "stablehlo-coreml", "norm_before_over_tokens", Style(cache="one_hot", attention="exponents", norm="summed", mask="compared", gqa="expand", mlp="sigmoid")),
    layer("factor", "stablehlo-coreml", "before_write", Style(cache="blend", mask="factor", norm="divided", attention="divided")),
    layer("fused_state", "apple", "first_mask", Style(cache="slice", attention="fused"), APPLE),
    layer("layer_norm", "apple", "one_scale", Style(cache="slice", norm="layer", mlp="gelu", angles="none", bias=True, linear="conv"), APPLE),
    layer("squared", "apple", "before_write", Style(cache="slice", mlp="squared", attention="folded"), APPLE, feeds.INF),
]

BY_NAME = {pair.name: pair for pair in LAYERS}
