"""JAX: a whole epoch under `jit`, its steps in `lax.scan`, buffers donated."""

import functools
import os
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy

import peer

RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def logits(weights, images):
    hidden = jax.nn.relu(images @ weights[0] + weights[1])
    return hidden @ weights[2] + weights[3]


def loss(weights, images, labels):
    out = logits(weights, images)
    chosen = jnp.take_along_axis(jax.nn.log_softmax(out), labels[:, None], axis=1)
    return -chosen.mean(), (out.argmax(axis=1) == labels).sum()


def step(images, labels, state, batch):
    weights, first, second, t = state
    (value, correct), slopes = jax.value_and_grad(loss, has_aux=True)(weights, images[batch], labels[batch])
    t = t + 1
    rate = RATE * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
    first = [BETA1 * m + (1 - BETA1) * g for m, g in zip(first, slopes)]
    second = [BETA2 * v + (1 - BETA2) * g * g for v, g in zip(second, slopes)]
    weights = [w - rate * m / (jnp.sqrt(v) + EPSILON) for w, m, v in zip(weights, first, second)]
    return (weights, first, second, t), (value * batch.shape[0], correct)


@functools.partial(jax.jit, donate_argnums=2)
def epoch(images, labels, state, order):
    return jax.lax.scan(functools.partial(step, images, labels), state, order)


def main():
    options = peer.options()
    images, labels = jnp.asarray(peer.images("train")), jnp.asarray(peer.labels("train"))
    rng = numpy.random.default_rng(0)
    weights = [peer.glorot(rng, 784, 128), numpy.zeros(128, "f"), peer.glorot(rng, 128, 10), numpy.zeros(10, "f")]
    weights = [jnp.asarray(w) for w in weights]
    state = (weights, [jnp.zeros_like(w) for w in weights], [jnp.zeros_like(w) for w in weights], jnp.float32(0))
    size = options.batch_size
    full, rest = divmod(len(labels), size)
    for number in range(1, options.epochs + 1):
        start = time.perf_counter()
        order = rng.permutation(len(labels)).astype(numpy.int32)
        state, (losses, corrects) = epoch(images, labels, state, order[: full * size].reshape(full, size))
        total, correct = losses.sum(), corrects.sum()
        if rest:
            state, (losses, corrects) = epoch(images, labels, state, order[full * size :].reshape(1, rest))
            total, correct = total + losses.sum(), correct + corrects.sum()
        total, correct = float(total), int(correct)
        seconds = time.perf_counter() - start
        peer.tell(epoch=number, seconds=seconds, loss=total / len(labels), accuracy=correct / len(labels))
    right = logits(state[0], peer.images("t10k")).argmax(axis=1) == peer.labels("t10k")
    peer.tell(test_accuracy=float(right.mean()))


main()
