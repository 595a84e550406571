"""torchvision's MobileNetV2 and ResNet18, written from their descriptions and apart from the code under test.

Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018), table 2; He et al., "Deep Residual
Learning for Image Recognition" (2016), table 1. Weights go by torchvision's names and have PyTorch's axes; pictures are
float32 [b, side, side, 3] in [0, 255].
"""

import numpy as np

from pyramid.tf import tf

#: expansion, channels, repetitions, stride of the first
BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def scaled(pictures):
    return (pictures / 255 - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])


class Network:
    """Pushes arrays through layers; with ``seed`` it makes the layers' weights up as they are asked for."""

    def __init__(self, state=None, seed=None):
        self.state = {} if state is None else state
        self.random = None if seed is None else np.random.default_rng(seed)

    def tensor(self, name, make):
        if self.random is not None:
            self.state[name] = make().astype(np.float32)
        return self.state[name]

    def convolved(self, x, name, filters, side, stride=1, groups=1, border=0.0):
        """A convolution without bias that is padded on all sides, with ``border``."""
        shape = (filters, x.shape[-1] // groups, side, side)
        weight = self.tensor(f"{name}.weight", lambda: self.random.normal(0, np.prod(shape[1:]) ** -0.5, shape))
        edge = side // 2
        inside = tf.pad(tf.ones_like(x), [(0, 0), (edge, edge), (edge, edge), (0, 0)])
        x = tf.pad(x, [(0, 0), (edge, edge), (edge, edge), (0, 0)]) + (1 - inside) * border
        if groups == 1:
            return tf.nn.conv2d(x, np.moveaxis(weight, (0, 1), (3, 2)), stride, "VALID")
        return tf.nn.depthwise_conv2d(x, np.moveaxis(weight, (0, 1), (2, 3)), [1, stride, stride, 1], "VALID")

    def normalized(self, x, name):
        shape = x.shape[-1:]
        variance = self.tensor(f"{name}.running_var", lambda: self.random.uniform(0.03, 1.5, shape) ** 2)
        mean = self.tensor(f"{name}.running_mean", lambda: self.random.normal(0, 0.3, shape))
        gamma = self.tensor(f"{name}.weight", lambda: self.random.uniform(0.5, 1.5, shape) * np.sqrt(variance))
        beta = self.tensor(f"{name}.bias", lambda: self.random.normal(0, 0.3, shape))
        self.state[f"{name}.num_batches_tracked"] = np.array(5)
        return (x - mean) / np.sqrt(variance + np.float32(1e-5)) * gamma + beta

    def told(self, x, name, classes):
        shape = (classes, x.shape[-1])
        weight = self.tensor(f"{name}.weight", lambda: self.random.normal(0, shape[1] ** -0.5, shape))
        bias = self.tensor(f"{name}.bias", lambda: self.random.normal(0, 0.3, classes))
        return (tf.reduce_mean(x, (1, 2)) if x.shape.rank == 4 else x) @ weight.T + bias


def mobilenet(network, pictures, border=0.0, classes=1000):
    """Logits; ``border`` is what the scaled pictures are padded with, 0 in torchvision."""

    def unit(x, name, *arguments, **others):
        before, _, place = name.rpartition(".")
        x = network.convolved(x, name, *arguments, **others)
        return network.normalized(x, f"{before}.{int(place) + 1}")

    x = tf.nn.relu6(unit(scaled(pictures), "features.0.0", 32, 3, 2, border=border))
    number = 1
    for expansion, channels, repetitions, first in BLOCKS:
        for stride in [first] + [1] * (repetitions - 1):
            y, name, width = x, f"features.{number}.conv", x.shape[-1] * expansion
            place = 0
            if expansion > 1:
                y, place = tf.nn.relu6(unit(y, f"{name}.0.0", width, 1)), 1
            y = tf.nn.relu6(unit(y, f"{name}.{place}.0", width, 3, stride, groups=width))
            y = unit(y, f"{name}.{place + 1}", channels, 1)
            x = x + y if x.shape == y.shape else y
            number += 1
    x = tf.nn.relu6(unit(x, "features.18.0", 1280, 1))
    return network.told(tf.reduce_mean(x, (1, 2)), "classifier.1", classes)


def resnet(network, pictures, classes=1000):
    """Logits."""
    x = tf.nn.relu(network.normalized(network.convolved(scaled(pictures), "conv1", 64, 7, 2), "bn1"))
    x = tf.nn.max_pool2d(tf.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)]), 3, 2, "VALID")  # all are at least 0
    for stage in range(1, 5):
        for block in (0, 1):
            name, channels = f"layer{stage}.{block}", 32 * 2**stage
            stride = 2 if stage > 1 and block == 0 else 1
            y = network.convolved(x, f"{name}.conv1", channels, 3, stride)
            y = tf.nn.relu(network.normalized(y, f"{name}.bn1"))
            y = network.normalized(network.convolved(y, f"{name}.conv2", channels, 3), f"{name}.bn2")
            if stride == 2:
                x = network.convolved(x, f"{name}.downsample.0", channels, 1, 2)
                x = network.normalized(x, f"{name}.downsample.1")
            x = tf.nn.relu(x + y)
    return network.told(tf.reduce_mean(x, (1, 2)), "fc", classes)
