"""A document as one graph of plain operations: from what a user has to what a user wants."""

from typing import Any

from pyramid.finalize.exports.detection import objects
from pyramid.finalize.exports.fitting import fit
from pyramid.finalize.exports.forests import PlainForest
from pyramid.tf import tf

# sensenet imports TensorFlow, so it comes after pyramid.tf.
from sensenet.accessors import get_output_exposition, is_yolo_model, number_of_classes  # isort: skip
from sensenet.constants import NUMERIC, NUMERIC_INPUTS, PIXEL_INPUTS, WARP  # isort: skip
from sensenet.layers.construct import tree_preprocessor  # isort: skip
from sensenet.layers.yolo import Yolo  # isort: skip
from sensenet.models.deepnet import apply_layers  # isort: skip
from sensenet.models.settings import Settings  # isort: skip
from sensenet.preprocess.image import ImageLoader  # isort: skip
from sensenet.preprocess.preprocessor import Preprocessor  # isort: skip


class Served(tf.Module):
    """The model of a document.

    Attributes:
        width, height: of the network's input in pixels; 0 without pictures.
        rescale_type: how pictures are fitted to it.
        columns, images: how many columns a row has, and how many of them are pictures.
        detector: it gives boxes.
    """

    def __init__(self, document: dict[str, Any]):
        super().__init__(name="pyramid")
        columns = document["preprocess"]
        metadata = document["image_network"]["metadata"] if document.get("image_network") else {}
        self.columns, self.images = len(columns), sum(column["type"] == "image" for column in columns)
        self.width, self.height, _ = metadata.get("input_image_shape", [0, 0, 3])
        self.detector = bool(is_yolo_model(document))
        self.rescale_type = "pad" if self.detector else metadata.get("rescale_type") or WARP
        self.numeric = get_output_exposition(document)["type"] == NUMERIC
        self._network = self._detector(document) if self.detector else self._deepnet(document)

    def _detector(self, document: dict[str, Any]) -> Any:
        """Pixels -> what each branch predicts."""
        network = document["image_network"]
        pixels = tf.keras.Input((self.height, self.width, 3), batch_size=1, name=PIXEL_INPUTS)
        decoded = Yolo(network, number_of_classes(document))(ImageLoader(network)(pixels))
        return tf.keras.Model(pixels, [values for _, values in decoded])

    def _deepnet(self, document: dict[str, Any]) -> Any:
        """sensenet's network, behind the fitting of pictures, and with trees of plain operations."""
        settings = Settings({})
        preprocessor, trees = Preprocessor(document, settings), tree_preprocessor(document)
        if preprocessor._image_preprocessor is not None:
            preprocessor._image_preprocessor._reader = lambda pixels: pixels
        if trees is not None:
            trees._forests = [[columns, PlainForest(forest._arrays)] for columns, forest in trees._forests]
        inputs = {
            name: tf.keras.Input(spec.shape[1:], name=name) for name, spec in self.specs("float32", True, None).items()
        }
        features = preprocessor(inputs if len(inputs) > 1 else next(iter(inputs.values())))
        return tf.keras.Model(
            inputs, apply_layers(document, settings, features, trees(features) if trees is not None else None)
        )

    def specs(self, pixels: str, fitted: bool, rows: int | None) -> dict[str, Any]:
        """The inputs: name -> tf.TensorSpec.

        Args:
            pixels: their type.
            fitted: pictures have the network's size, not any.
            rows: how many there are; None for any number. A detector takes one.
        """
        inputs = {}
        rows = 1 if self.detector else rows
        if self.images < self.columns:
            inputs[NUMERIC_INPUTS] = tf.TensorSpec([rows, self.columns], tf.float32, NUMERIC_INPUTS)
        if self.images:
            size = [self.height, self.width] if fitted else [None, None]
            several = [self.images] if self.images > 1 else []
            inputs[PIXEL_INPUTS] = tf.TensorSpec([rows, *several, *size, 3], pixels, PIXEL_INPUTS)
        return inputs

    def compute(self, fitted: bool, fixed: bool, **inputs: Any) -> dict[str, Any]:
        """The outputs: `probabilities` [n, classes], `values` [n, 1], or those of `detection.objects`.

        Args:
            fitted: see `specs`.
            fixed: of a detector, see `detection.objects`.
        """
        side = None
        if PIXEL_INPUTS in inputs:
            pixels = tf.cast(inputs[PIXEL_INPUTS], tf.float32)
            side = tf.cast(tf.reduce_max(tf.shape(pixels)[-3:-1]), tf.float32)
            inputs[PIXEL_INPUTS] = pixels if fitted else self._fitted(pixels)
        made = self._network(inputs[PIXEL_INPUTS] if self.detector else inputs, training=False)
        if self.detector:
            return objects(made, float(self.width), side, fixed)
        return {"values" if self.numeric else "probabilities": made}

    def _fitted(self, pixels: Any) -> Any:
        if self.images == 1:
            return fit(pixels, self.width, self.height, self.rescale_type)
        parts = [fit(pixels[:, i], self.width, self.height, self.rescale_type) for i in range(self.images)]
        return tf.stack(parts, axis=1)

    def function(self, pixels: str, fitted: bool = False, fixed: bool = False, rows: int | None = None) -> Any:
        """`compute` as a tf.function of keyword arguments; see `specs`."""
        names = self.specs(pixels, fitted, rows)
        return tf.function(lambda **inputs: self.compute(fitted, fixed, **inputs)).get_concrete_function(**names)
