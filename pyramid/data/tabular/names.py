"""The files that the caching writes, as the contract of the child process has them."""

FULL = "full_dataset.npy"
EVALUATION = "evaluation_dataset.npy"
IMPORTANCE = "importance_dataset.npy"
SUBSET = "data_subset_{}.npy"
TREES = "trees.json"
TREE_IMPORTANCES = "tree_importances.json"

#: Which rows networks are compared on; an addition of our own.
COMPARED = "compared_rows.npy"

#: Beside the network for pictures of a search: which rows of the table it did not learn from.
HELD_ROWS = "held_rows.npy"

#: The folder with these files in that of a search, and sensenet's document of the network that made the features.
ARRAYS = "arrays"
IMAGE_NETWORK = "image_network.json"
