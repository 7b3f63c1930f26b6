"""What graphc says of the corpus, beside the truth."""

import dataclasses
import json
import re

import numpy as np
from safetensors.numpy import load_file

# Both run in float64 on the same numbers; reductions differ in their order.
CLOSE = 1e-6
FOLDER = re.compile(r"/\S*/(?=[^/\s]+\.(mlpackage|json|safetensors))")


@dataclasses.dataclass(frozen=True)
class Row:
    """A pair and its twin."""

    name: str
    by: str
    plant: str
    # Packages of it, and how many of them are read, and of its calls how many give torch's numbers.
    packages: int
    read: int
    calls: int
    run: int
    # What is said of the block and of its twin.
    right: str
    wrong: str
    # Why something is missing; empty where nothing is.
    misses: tuple


def packages(job):
    return list(dict.fromkeys(x for command in (job["right"], job["wrong"]) for x in command if x.endswith(".mlpackage")))


def lines(job):
    """The command lines about a pair."""
    checks = [["check", package, "--json"] for package in packages(job)]
    runs = [["run", *run["command"], "--precision", "fp64", "--out", run["out"]] for run in job["runs"]]
    proofs = [["prove", *job[which], "--interface", job["interface"], "--json"] for which in ("right", "wrong")]
    return [*checks, *runs, *proofs]


def row(job, answers):
    """What the answers to `lines` say."""
    paths, misses = packages(job), []
    checks, answers = answers[: len(paths)], answers[len(paths) :]
    *runs, right, wrong = answers
    unread = [path for path, said in zip(paths, checks, strict=True) if not is_read(said)]
    if unread:
        misses.append(f"not read: {why(checks[paths.index(unread[0])])}")
    far = [reason for run, said in zip(job["runs"], runs, strict=True) if (reason := difference(run, said))]
    misses += [f"not run: {reason}" for reason in far[:1]]
    verdicts = [verdict(said).get("claim", "not read") for said in (right, wrong)]
    if not verdicts[0].startswith("PROVEN"):
        misses.append(f"block: {why(right)}")
    if verdicts[1] != "REFUTED":
        misses.append(f"twin: {why(wrong)}")
    counts = len(paths), len(paths) - len(unread), len(runs), len(runs) - len(far)
    return Row(job["name"], job["by"], job["plant"], *counts, *verdicts, tuple(dict.fromkeys(misses)))


def verdict(said):
    """Of a package of two functions it is that of the larger one."""
    answer = json.loads(said["out"])
    return answer["functions"][0]["result"] if "functions" in answer else answer


def is_read(said):
    if said["code"] not in (0, 1):
        return False
    return not any(graph.get("unknown") for graph in json.loads(said["out"]))


def difference(run, said):
    """Why a call is not torch's; nothing where it is."""
    if said["code"] != 0:
        return why(said)
    ours, theirs = load_file(run["out"]), load_file(run["torch"])
    for name, expected in theirs.items():
        if name not in ours:
            return f"there is no {name}"
        value = ours[name].astype(np.float64)
        far = np.abs(value - expected).max() / max(1.0, np.abs(expected).max()) if value.shape == expected.shape else np.inf
        if not far < CLOSE:
            return f"{name} is {far:.1e} from torch's"
    return None


def why(said):
    """graphc's sentence."""
    if not said["out"]:
        return FOLDER.sub("", " ".join(said["err"].removeprefix("error: ").split("\n  ")[0].split()))
    answer = json.loads(said["out"])
    if isinstance(answer, list):
        return next(f"{u['op']} {u['why']}" for graph in answer for u in graph.get("unknown", []))
    if "error" in answer:
        return FOLDER.sub("", answer["error"]["message"])
    return reason_of(verdict(said))


def reason_of(proof):
    """Of a proof that was not found: where, and why if that is known."""
    finding = proof.get("finding", {})
    said = finding.get("reason", {}).get("says") or "the two are not brought to one form"
    where = f" at {finding['op']} {finding['value']}" if "op" in finding else ""
    return f"{proof['claim']}{where}: {said}"
