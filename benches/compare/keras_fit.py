"""The tutorial's own program: Keras on TensorFlow, `model.fit`."""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow

import peer


class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        peer.tell(epoch=epoch + 1, seconds=time.perf_counter() - self.start, loss=logs["loss"], accuracy=logs["accuracy"])


def main():
    options = peer.options()
    if options.threads:
        tensorflow.config.threading.set_intra_op_parallelism_threads(options.threads)
    model = keras.Sequential([
        keras.layers.Input((784,)),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(10),
    ])
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        peer.images("train"),
        peer.labels("train"),
        batch_size=options.batch_size,
        epochs=options.epochs,
        callbacks=[Clock()],
        verbose=0,
    )
    loss, accuracy = model.evaluate(peer.images("t10k"), peer.labels("t10k"), verbose=0)
    peer.tell(test_loss=loss, test_accuracy=accuracy)


main()
