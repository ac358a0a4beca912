"""Reads a run's event files with TensorBoard's own code and compares them with its metrics, batches and facts.

python tests/read_events.py RUN    (needs the package tensorboard)

Exits with status 1 and the first difference, or 0 and a line for each thing that was compared.
"""

import json
import sys
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.backend.event_processing.event_accumulator import (
    STORE_EVERYTHING_SIZE_GUIDANCE,
    EventAccumulator,
)
from tensorboard.context import RequestContext
from tensorboard.data import provider

TRAIN = {"epoch_loss": "loss", "epoch_accuracy": "accuracy", "epoch_learning_rate": "learning_rate"}
BATCHES = {"batch_loss": "loss", "batch_accuracy": "accuracy"}
VALIDATION = {"epoch_loss": "val_loss", "epoch_accuracy": "val_accuracy"}


def equal(what, found, expected):
    if found != expected:
        sys.exit(f"{what}:\n  found    {found}\n  expected {expected}")
    print(f"ok  {what}")


def sizes_of(facts):
    """How many values each histogram counts."""
    units = [784, *facts["settings"]["hidden"], 10]
    sizes = {}
    for layer, (inputs, outputs) in enumerate(zip(units, units[1:])):
        name = "sequential/dense" + (f"_{layer}" if layer else "")
        sizes[f"{name}/kernel/histogram"] = inputs * outputs
        sizes[f"{name}/bias/histogram"] = outputs
    return sizes


def scalars_of(records, names):
    """What the readers should make of the figures: (step, value) in 32 bits, under each tag."""
    return {
        tag: [(record["epoch"] - 1, float(np.float32(record[name]))) for record in records]
        for tag, name in names.items()
    }


def batches_of(spans):
    """The same of the figures of batches, whose events count steps."""
    return {tag: [(span["step"], float(np.float32(span[name]))) for span in spans] for tag, name in BATCHES.items()}


def check_accumulator(run, records, spans, sizes):
    steps = [record["epoch"] - 1 for record in records]
    train = {**scalars_of(records, TRAIN), **batches_of(spans)}
    for name, scalars, histograms in [("train", train, sizes), ("validation", scalars_of(records, VALIDATION), {})]:
        reader = EventAccumulator(str(run / name), size_guidance=STORE_EVERYTHING_SIZE_GUIDANCE)
        reader.Reload()
        tags = reader.Tags()
        equal(f"{name}: scalar tags", sorted(tags["scalars"]), sorted(scalars))
        equal(f"{name}: histogram tags", sorted(tags["histograms"]), sorted(histograms))
        found = {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in scalars}
        equal(f"{name}: scalars", found, scalars)
        for tag, size in histograms.items():
            values = [event.histogram_value for event in reader.Histograms(tag)]
            equal(f"{name}: steps of {tag}", [event.step for event in reader.Histograms(tag)], steps)
            equal(f"{name}: values in {tag}", [value.num for value in values], [size] * len(steps))


def check_dashboard(run, records, spans, sizes):
    """What the web page is given: TensorBoard's data provider over the same files."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"histograms": 0, "scalars": 0})
    multiplexer.AddRunsFromDirectory(str(run))
    multiplexer.Reload()
    data = data_provider.MultiplexerDataProvider(multiplexer, str(run))
    context = RequestContext()
    found = data.read_scalars(context, experiment_id="", plugin_name="scalars", downsample=10_000)
    found = {
        name: {tag: [(datum.step, datum.value) for datum in series] for tag, series in tags.items()}
        for name, tags in found.items()
    }
    train = {**scalars_of(records, TRAIN), **batches_of(spans)}
    expected = {"train": train, "validation": scalars_of(records, VALIDATION)}
    equal("dashboard: scalars", found, expected)

    found = data.read_tensors(
        context,
        experiment_id="",
        plugin_name="histograms",
        downsample=10_000,
        run_tag_filter=provider.RunTagFilter(runs=["train"]),
    ).get("train", {})
    equal("dashboard: histogram tags", sorted(found), sorted(sizes))
    for tag, series in found.items():
        counts = [int(datum.numpy[:, 2].sum()) for datum in series]
        equal(f"dashboard: values in {tag}", counts, [sizes[tag]] * len(records))
        for datum in series:
            left, right, _ = datum.numpy.T
            equal(f"dashboard: edges of {tag}, step {datum.step}", left[1:].tolist(), right[:-1].tolist())


def main():
    run = Path(sys.argv[1])
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    spans = [json.loads(line) for line in (run / "batches.jsonl").read_text().splitlines()]
    sizes = sizes_of(json.loads((run / "run.json").read_text()))
    check_accumulator(run, records, spans, sizes)
    check_dashboard(run, records, spans, sizes)


main()
