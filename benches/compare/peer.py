"""What every peer shares: the data, the options, and the lines that they print.

A peer trains 784-128-10 with Adam (learning rate 1e-3, epsilon 1e-7) on the 60,000 training images in batches, shuffled anew
every epoch, and evaluates on the 10,000 test images at the end. It prints one JSON line an epoch: seconds, loss, accuracy.
"""

import argparse
import gzip
import json
import pathlib

import numpy

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"


def options(**extra):
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=0, help="0: the framework's own choice")
    for name, help in extra.items():
        parser.add_argument(f"--{name}", action="store_true", help=help)
    return parser.parse_args()


def images(name):
    """The images of `train` or `t10k` as float32 in 0..1, n x 784."""
    with gzip.open(DATA / f"{name}-images-idx3-ubyte.gz") as file:
        data = numpy.frombuffer(file.read(), numpy.uint8, offset=16)
    return data.reshape(-1, 784).astype(numpy.float32) / 255.0


def labels(name):
    """The labels of `train` or `t10k` as int32."""
    with gzip.open(DATA / f"{name}-labels-idx1-ubyte.gz") as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=8).astype(numpy.int32)


def glorot(rng, inputs, outputs):
    """Glorot-uniform weights, inputs x outputs."""
    bound = (6.0 / (inputs + outputs)) ** 0.5
    return rng.uniform(-bound, bound, (inputs, outputs)).astype(numpy.float32)


def tell(**figures):
    print(json.dumps(figures), flush=True)
