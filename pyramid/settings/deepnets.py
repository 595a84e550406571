"""The names that the settings of a deep network on tabular data may have.

What is behind them is in ``pyramid.networks.deepnets`` and, for the ensembles, ``pyramid.search.ensembles``.
"""

#: The activation functions of hidden layers: Keras's, and sensenet's leaky_relu, mish and relu6.
ACTIVATIONS = (
    "elu",
    "gelu",
    "identity",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softplus",
    "softsign",
    "swish",
    "tanh",
)

#: How the sizes of the hidden layers follow each other: all the same, each half of the one before, or growing to the
#: middle and shrinking from there.
TOPOLOGIES = ("rectangle", "funnel", "diamond")

#: The keys that make up a network's configuration, which a search chooses and every answer repeats.
CONFIGURATION_PARAMETERS = (
    "activation_function",
    "balance_objective",
    "batch_size",
    "descent_algorithm",
    "dropout_rate",
    "loss_function",
    "largest_layer_size",
    "learn_residuals",
    "learning_rate",
    "mixup_alpha",
    "number_of_layers",
    "seed",
    "topology",
    "tree_embedding",
)

#: How the members of an ensemble are chosen; the first one is the default.
RANK, GREEDY = ENSEMBLE_METHODS = ("rank", "greedy")

#: Versions of the final document; alpha is sensenet's legacy form.
ALPHA = "alpha"
DEEPNET_VERSIONS = (ALPHA, "beta")
