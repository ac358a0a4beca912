#!/usr/bin/env python3
"""Runs the peers and fitroom in turns on this machine and prints medians and ratios.

    python3 -m venv peers && peers/bin/pip install -r benches/compare/requirements.txt
    cargo build --release --examples && cargo build --release
    peers/bin/python benches/compare/compare.py

`FITROOM_INSTRUCTIONS=avx2` has fitroom compute with these instructions on a machine that has better ones, and with
`avx2` keeps the others to them too, by switches of their own. Without it all take the best.

Every round runs each program once, one at a time, so that a machine's moods fall on all of them alike. An epoch's figure is the
median over all rounds of all epochs after a program's first. `--quick` runs a single round.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

# Operations of an epoch if no product is left out, in billions: per image two for each weight on the way forward, two for its
# gradient, and two for the errors that the last layer hands back.
OPERATIONS = 60_000 * 2 * (2 * (784 * 128 + 128 * 10) + 128 * 10) / 1e9

# What keeps the peers from using better instructions than these: XLA, PyTorch, and the two libraries that these and TensorFlow call.
KEPT_TO = {
    "avx2": {
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    }
}

HERE = pathlib.Path(__file__).resolve().parent
RELEASE = HERE.parents[1] / "target" / "release"


def python(script, *arguments):
    return [sys.executable, str(HERE / script), *arguments]


def peaks():
    """Instruction set -> billions of operations per second that all cores, and one, could do at best; the best set last."""
    out = subprocess.run([str(RELEASE / "examples" / "peak")], stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = [json.loads(line) for line in out.splitlines()]
    return {line["instructions"]: (line["gflops"], line["gflops_of_one"]) for line in lines}


def programs(batch_size):
    """Name -> command without its epochs."""
    size = ["--batch-size", str(batch_size)]
    fitroom = [str(RELEASE / "fitroom"), *size]
    return {
        "fitroom": fitroom,
        "fitroom --threads 1": [*fitroom, "--threads", "1"],
        "plain dfdx": [str(RELEASE / "examples" / "plain-dfdx"), *size],
        "Keras": python("keras_fit.py", *size),
        "PyTorch eager": python("torch_eager.py", *size),
        "PyTorch fused Adam": python("torch_eager.py", "--fused", *size),
        "JAX jit + scan": python("jax_scan.py", *size),
    }


def run(command, epochs):
    """The seconds of each epoch, and of the whole process."""
    start = time.perf_counter()
    done = subprocess.run([*command, "--epochs", str(epochs)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    whole = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}")
    seconds = []
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            seconds.extend(filter(None, [json.loads(line).get("seconds")]))
        elif match := re.match(r"Epoch +\d+/\d+ - ([\d.]+)s", line):
            seconds.append(float(match[1]))
    if len(seconds) != epochs:
        sys.exit(f"{' '.join(command)} told of {len(seconds)} epochs, expected {epochs}")
    return seconds, whole


def measure(batch_size, rounds, epochs, only):
    wanted = ("fitroom", *only) if only else ("",)
    commands = {name: command for name, command in programs(batch_size).items() if name.startswith(wanted)}
    seconds = {name: [] for name in commands}
    for round in range(rounds):
        for name, command in commands.items():
            taken, _ = run(command, epochs)
            seconds[name].extend(taken[1:])
            print(f"round {round + 1}, batch {batch_size}: {name} {statistics.median(taken[1:]):.3f} s", file=sys.stderr)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def processor():
    try:
        return re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 256, 1024])
    parser.add_argument("--only", nargs="+", default=[], help="programs whose names begin so, such as fitroom JAX")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    cores = len(os.sched_getaffinity(0))
    best = peaks()
    instructions = os.environ.get("FITROOM_INSTRUCTIONS") or list(best)[-1]
    if instructions not in [*best, "scalar"]:
        sys.exit(f"FITROOM_INSTRUCTIONS is {instructions!r}: this processor has {', '.join(best)} and scalar")
    kept = KEPT_TO.get(instructions, {})
    for name, value in kept.items():
        os.environ[name] = f"{os.environ.get(name, '')} {value}".strip() if name == "XLA_FLAGS" else value
    print(f"{processor()}, {cores} cores, medians of {rounds} x {options.epochs - 1} epochs")
    print(f"instructions: {', '.join(best)}; fitroom computes with {instructions}{', the others too' * bool(kept)}")
    for name, (together, one) in best.items():
        print(f"peak with {name}: {together:.0f} GFLOP/s on {cores} cores, {one:.0f} on one")
    print()
    for batch_size in options.batch_sizes:
        medians = measure(batch_size, rounds, options.epochs, options.only)
        print(f"| batch {batch_size} | s/epoch | fitroom's part of it | with one thread | of the peak |\n|---|---|---|---|---|")
        for name, median in medians.items():
            peak = best.get(instructions if kept or name.startswith("fitroom") else list(best)[-1])
            reached = f"{OPERATIONS / median / peak[name.endswith('--threads 1')]:.0%}" if peak else ""
            parts = [medians[fitroom] / median for fitroom in ("fitroom", "fitroom --threads 1")]
            print(f"| {name} | {median:.3f} | {parts[0]:.3f} | {parts[1]:.3f} | {reached} |")
        print()
    if not options.only:
        _, whole = run(programs(32)["fitroom"], 10)
        _, keras = run(programs(32)["Keras"], 10)
        print(f"the whole process, ten epochs: fitroom {whole:.2f} s, Keras {keras:.2f} s, ratio {whole / keras:.3f}")


if __name__ == "__main__":
    main()
