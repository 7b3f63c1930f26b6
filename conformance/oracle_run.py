"""Runs our graphs on an oracle's call: the hidden rows are the call's, all other inputs come from our host functions."""

import dataclasses
import json

import numpy as np
from safetensors.numpy import load_file, save_file


@dataclasses.dataclass(frozen=True)
class Setting:
    """A range of layers of a checkpoint at a cache size, in a precision of `graphc run`."""

    checkpoint: object
    layers: tuple
    max_seq: int
    precision: str = "fp64"
    # What the record says other than the checkpoint's config.json; only `run_record` and `run_faults` heed it.
    record: dict = dataclasses.field(default_factory=dict)
    # Which of LongRoPE's lists the host takes; by max_seq when absent.
    rope_list: str | None = None


def entry_state(setting, call, seed=5):
    """The caches before the call: its past rows, and behind them what no graph may read."""
    noise = np.random.default_rng(seed)
    state = {}
    for layer in setting.layers:
        for name, past in zip("kv", call.past[layer], strict=True):
            heads, rows, dim = past.shape
            whole = (3 * noise.standard_normal((1, heads, setting.max_seq, dim))).astype(np.float16)
            whole[0, :, :rows] = past
            state[f"layers_{layer}_{name}_state"] = whole
    return state


def blocks(call, tokens):
    """The call cut into blocks of `tokens`: (positions, hidden rows) each."""
    return [(call.positions[i : i + tokens], call.x[i : i + tokens]) for i in range(0, len(call.positions), tokens)]


def input_files(script, folder, setting, call, tokens, fault=None):
    """One safetensors file of inputs for each block; `fault` is a mistake of the host's to plant."""
    jobs = []
    for n, (positions, _) in enumerate(blocks(call, tokens)):
        job = {"config": str(setting.checkpoint / "config.json"), "layers": setting.layers, "record": setting.record}
        job |= {"positions": positions, "maxSeq": setting.max_seq}
        jobs.append(job | {"precision": setting.precision, "fault": fault, "list": setting.rope_list, "out": str(folder / f"host{n}.safetensors")})
    (folder / "host.json").write_text(json.dumps([{k: v for k, v in job.items() if v is not None} for job in jobs]))
    script("host-rows", folder / "host.json")
    for job, (_, x) in zip(jobs, blocks(call, tokens), strict=True):
        rows = np.ascontiguousarray(x.T[None, :, :, None])
        assert np.array_equal(rows.astype(np.float16), rows), "hidden rows are fp16, as one package hands them to the next"
        save_file(load_file(job["out"]) | {"x": rows.astype(np.float16)}, job["out"])
    return [job["out"] for job in jobs]


def run(graphc, script, folder, setting, call, tokens, fault=None):
    """The call through our graph for blocks of `tokens`, chained through the states: (hidden [n, d], states)."""
    folder.mkdir(exist_ok=True)
    state = folder / "state0.safetensors"
    save_file(entry_state(setting, call), state)
    first, count = setting.layers[0], len(setting.layers)
    hidden = []
    for n, inputs in enumerate(input_files(script, folder, setting, call, tokens, fault)):
        out = folder / f"state{n + 1}.safetensors"
        graphc("run", "phi4-mini", "--weights", setting.checkpoint, "--layer", first, "--layers", count,
               "--tokens", tokens, "--max-seq", setting.max_seq, "--precision", setting.precision,
               "--inputs", inputs, "--state", state, "--out", out, *(["--unchecked"] if fault else []))  # fmt: skip
        result = load_file(out)
        hidden.append(result.pop("hidden")[0, :, :, 0].T)
        state = out
    return np.concatenate(hidden), result


def relative(ours, theirs):
    """Relative L2 distance."""
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def distances(setting, call, ours, theirs):
    """Relative L2 per token: of hidden - x, and of the K and V row of each layer. A cache row that no token was written
    to counts as infinitely far when it changed, and so does what is not finite."""
    hidden, states = ours
    found = {}
    for t in range(len(call.positions)):
        x = call.x[t].astype(np.float64)
        found[f"hidden - x of token {t}"] = relative(hidden[t] - x, theirs.hidden[t] - x)
    before = entry_state(setting, call)
    kept = np.delete(np.arange(setting.max_seq), call.positions)
    for layer in setting.layers:
        for name, expected in zip("kv", theirs.rows[layer], strict=True):
            state, old = (a[f"layers_{layer}_{name}_state"][0] for a in (states, before))
            for t, row in enumerate(call.positions):
                found[f"{name.upper()} row of token {t}, layer {layer}"] = relative(state[:, row], expected[:, t])
            same = np.array_equal(state[:, kept], old[:, kept])
            found[f"other {name.upper()} rows, layer {layer}"] = 0.0 if same else np.inf
    return {what: d if np.isfinite(d) else np.inf for what, d in found.items()}


def shared_job(setting, size):
    """What every job of run-faults has."""
    job = {"checkpoint": str(setting.checkpoint), "record": setting.record, "size": size, "precision": setting.precision}
    return job | {"first": setting.layers[0], "count": len(setting.layers)}


def run_record(script, folder, setting, call, tokens, fault="right"):
    """As `run`, by a record that no config.json says: blocks of `tokens`, chained through the states."""
    folder.mkdir(parents=True)
    state = folder / "state0.safetensors"
    save_file(entry_state(setting, call), state)
    jobs = []
    for n, inputs in enumerate(input_files(script, folder, setting, call, tokens)):
        out = folder / f"state{n + 1}.safetensors"
        job = shared_job(setting, {"tokens": tokens, "maxSeq": setting.max_seq}) | {"fault": fault, "inputs": inputs}
        jobs.append(job | {"state": str(state), "out": str(out)})
        state = out
    (folder / "jobs.json").write_text(json.dumps(jobs))
    script("run-faults", folder / "jobs.json")
    results = [load_file(job["out"]) for job in jobs]
    hidden = np.concatenate([result.pop("hidden")[0, :, :, 0].T for result in results])
    return hidden, results[-1]


def run_faults(script, folder, setting, call, faults):
    """The call, one block, through faulty graphs: fault -> (hidden, states), as `run` gives it for the right one."""
    folder.mkdir(parents=True)
    state = folder / "state.safetensors"
    save_file(entry_state(setting, call), state)
    size = {"tokens": len(call.positions), "maxSeq": setting.max_seq}
    (right,) = input_files(script, folder, setting, call, size["tokens"])
    shared = shared_job(setting, size) | {"state": str(state)}
    jobs = [shared | {"fault": fault, "inputs": right, "out": str(folder / f"{fault}.safetensors")} for fault in faults]
    if "rope_on_whole_head" in faults:  # Takes wider RoPE rows.
        (folder / "wide").mkdir()
        (wide,) = input_files(script, folder / "wide", setting, call, size["tokens"], "rope_on_whole_head")
        jobs = [job | ({"inputs": wide} if job["fault"] == "rope_on_whole_head" else {}) for job in jobs]
    (folder / "jobs.json").write_text(json.dumps(jobs))
    script("run-faults", folder / "jobs.json")
    results = {job["fault"]: load_file(job["out"]) for job in jobs}
    return {fault: (result.pop("hidden")[0, :, :, 0].T, result) for fault, result in results.items()}
