"""Trains a softmax regression on handwritten digits, with Python's standard library alone.

Prints the loss and the accuracy on unseen images after each epoch, as a line of JSON.
"""

import argparse
import json
import math
import os
import random
from operator import mul

CLASSES = 10


def read(path):
    """Returns the images with their digits: every fifth one is for testing."""
    with open(path) as file:
        rows = [[int(cell) for cell in line.split(",")] for line in file]
    images = [([cell / 16 for cell in row[:-1]] + [1.0], row[-1]) for row in rows]
    return [image for index, image in enumerate(images) if index % 5], images[::5]


def probabilities(weights, pixels):
    scores = [sum(map(mul, row, pixels)) for row in weights]
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def train(weights, images, rate, decay):
    """Makes a step of gradient descent for each image, and returns the mean loss."""
    loss = 0.0
    for pixels, digit in images:
        shares = probabilities(weights, pixels)
        loss -= math.log(max(shares[digit], 1e-12))
        for index, row in enumerate(weights):
            step = rate * (shares[index] - (index == digit))
            weights[index] = [w - step * x - rate * decay * w for w, x in zip(row, pixels)]
    return loss / len(images)


def accuracy(weights, images):
    hits = 0
    for pixels, digit in images:
        shares = probabilities(weights, pixels)
        hits += shares.index(max(shares)) == digit
    return hits / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--decay", type=float, default=0.0)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FIELDWORK_SEED", 0)))
    arguments = parser.parse_args()

    source = random.Random(arguments.seed)
    training, test = read(arguments.data)
    training = source.sample(training, arguments.images)
    weights = [[0.0] * len(training[0][0]) for _ in range(CLASSES)]
    for _ in range(arguments.epochs):
        source.shuffle(training)
        loss = train(weights, training, arguments.rate, arguments.decay)
        print(json.dumps({"loss": loss, "accuracy": accuracy(weights, test)}), flush=True)


if __name__ == "__main__":
    main()
