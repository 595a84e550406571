"""Darknet's networks as its cfg files have them, files of weights for them, and what darknet computes with those.

Written from the cfg files, without sensenet's description of the same networks.
"""

import numpy as np

from pyramid.tf import tf

COCO = 80


def residuals(filters, times):
    return f"mish,{filters},1,1 mish,{filters},3,1 add,-3 " * times


def stage(filters, times):
    """A cross-stage partial block: half of the channels take the bypass, half go through the residuals."""
    half, back = filters // 2, -3 * times - 4
    return (
        f"mish,{filters},3,2 mish,{half},1,1 route,-2 mish,{half},1,1 {residuals(half, times)}"
        f"mish,{half},1,1 route,-1,{back} mish,{filters},1,1 "
    )


def alternating(filters, times):
    return f"leaky,{filters},1,1 leaky,{2 * filters},3,1 " * times


#: The sections of the cfg files. Convolutions: activation, filters, size, stride (``out``: filters for each class and
#: box, without normalization); ``half``: the second half of the channels; route and add: the sections they take.
CFGS = {
    "tinyyolov4": (
        "leaky,32,3,2 leaky,64,3,2 "
        "leaky,64,3,1 half leaky,32,3,1 leaky,32,3,1 route,-1,-2 leaky,64,1,1 route,-6,-1 pool,2,2 "
        "leaky,128,3,1 half leaky,64,3,1 leaky,64,3,1 route,-1,-2 leaky,128,1,1 route,-6,-1 pool,2,2 "
        "leaky,256,3,1 half leaky,128,3,1 leaky,128,3,1 route,-1,-2 leaky,256,1,1 route,-6,-1 pool,2,2 "
        "leaky,512,3,1 leaky,256,1,1 leaky,512,3,1 out yolo "
        "route,-4 leaky,128,1,1 up route,-1,23 leaky,256,3,1 out yolo"
    ),
    "yolov4": (
        "mish,32,3,1 mish,64,3,2 mish,64,1,1 route,-2 mish,64,1,1 "
        "mish,32,1,1 mish,64,3,1 add,-3 mish,64,1,1 route,-1,-7 mish,64,1,1 "
        + stage(128, 2)
        + stage(256, 8)
        + stage(512, 8)
        + stage(1024, 4)
        + "leaky,512,1,1 leaky,1024,3,1 leaky,512,1,1 "
        "pool,5,1 route,-2 pool,9,1 route,-4 pool,13,1 route,-1,-3,-5,-6 "
        "leaky,512,1,1 leaky,1024,3,1 leaky,512,1,1 "
        "leaky,256,1,1 up route,85 leaky,256,1,1 route,-1,-3 " + alternating(256, 2) + "leaky,256,1,1 "
        "leaky,128,1,1 up route,54 leaky,128,1,1 route,-1,-3 " + alternating(128, 2) + "leaky,128,1,1 "
        "leaky,256,3,1 out yolo "
        "route,-4 leaky,256,3,2 route,-1,-16 " + alternating(256, 3) + "out yolo "
        "route,-4 leaky,512,3,2 route,-1,-37 " + alternating(512, 3) + "out yolo"
    ),
}


def sections(network):
    """Name and numbers of each section."""
    for section in CFGS[network].split():
        name, *numbers = section.split(",")
        yield name, [int(number) for number in numbers]


def taken(number, place):
    return number if number >= 0 else place + number


def weights(network, rng, classes=COCO):
    """Random numbers for each convolution in the order of the cfg file: a dict, all keys in the order of the file."""
    channels = []
    for place, (name, numbers) in enumerate(sections(network)):
        before = channels[-1] if channels else 3
        match name:
            case "mish" | "leaky":
                filters, size, _ = numbers
                yield normalized(rng, before, filters, size)
                channels.append(filters)
            case "out":
                filters = 3 * (5 + classes)
                yield {"bias": rng.normal(size=filters), "kernel": kernel(rng, before, filters, 1)}
                channels.append(filters)
            case "half":
                channels.append(before // 2)
            case "route":
                channels.append(sum(channels[taken(number, place)] for number in numbers))
            case _:
                channels.append(before)


def normalized(rng, before, filters, size):
    """Variances down to where another constant beside them would change a lot."""
    variance = np.exp(rng.uniform(np.log(0.003), 0, filters))
    return {
        "beta": rng.normal(0, 0.3, filters),
        "gamma": rng.uniform(0.5, 1.5, filters) * np.sqrt(variance),
        "mean": rng.normal(0, 0.1, filters),
        "variance": variance,
        "kernel": kernel(rng, before, filters, size),
    }


def kernel(rng, before, filters, size):
    drawn = rng.standard_normal((filters, before, size, size), np.float32)
    return drawn / np.float32(size * np.sqrt(before))


def write(path, convolutions, version=(0, 2, 5)):
    """A file of weights, with the header that belongs to the version."""
    major, minor, _ = version
    with path.open("wb") as file:
        file.write(np.array(version, "<i4").tobytes())
        file.write(np.array(32_013_312, "<i8" if 10 * major + minor >= 2 else "<i4").tobytes())
        for convolution in convolutions:
            for array in convolution.values():
                file.write(np.asarray(array, "<f4").tobytes())


def forward(network, convolutions, pixels):
    """What darknet's network gives for float32 [1, h, w, 3]: the outputs in the order of the cfg file, [1, h, w, c]."""
    outputs, found = [], []
    convolutions = iter(convolutions)
    for place, (name, numbers) in enumerate(sections(network)):
        before = outputs[-1] if outputs else pixels
        match name:
            case "mish" | "leaky":
                x = convolve(before, next(convolutions), stride=numbers[2])
                outputs.append(x * np.tanh(np.logaddexp(0, x)) if name == "mish" else np.where(x > 0, x, 0.1 * x))
            case "out":
                outputs.append(convolve(before, next(convolutions), stride=1))
            case "half":
                outputs.append(before[..., before.shape[-1] // 2 :])
            case "route":
                outputs.append(np.concatenate([outputs[taken(number, place)] for number in numbers], -1))
            case "add":
                outputs.append(before + outputs[taken(numbers[0], place)])
            case "pool":
                outputs.append(pool(before, *numbers))
            case "up":
                outputs.append(before.repeat(2, 1).repeat(2, 2))
            case "yolo":
                outputs.append(before)
                found.append(before)
    return found


def convolve(x, convolution, stride):
    size = convolution["kernel"].shape[-1]
    around = [(0, 0), (size // 2, size // 2), (size // 2, size // 2), (0, 0)]
    axes = np.asarray(convolution["kernel"], np.float32).transpose(2, 3, 1, 0)
    y = tf.nn.conv2d(np.pad(x, around), axes, stride, "VALID").numpy()
    if "bias" in convolution:
        return y + convolution["bias"].astype(np.float32)
    deviation = np.sqrt(convolution["variance"] + 1e-5)
    y = (y - convolution["mean"]) / deviation * convolution["gamma"] + convolution["beta"]
    return y.astype(np.float32)


def pool(x, size, stride):
    """Windows begin half of ``size - 1``, rounded down, before the edge."""
    before = (size - 1) // 2
    around = [(0, 0), (before, size - 1 - before), (before, size - 1 - before), (0, 0)]
    padded = np.pad(x, around, constant_values=-np.inf)
    return tf.nn.max_pool2d(padded, size, stride, "VALID").numpy()
