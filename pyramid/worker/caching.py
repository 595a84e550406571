"""`dataset_caching`: a table -> the arrays that the trainings read."""

from pathlib import Path
from typing import Any

from pyramid.data.scratch import scratch
from pyramid.data.tabular.caching import cache
from pyramid.data.tabular.names import IMAGE_NETWORK
from pyramid.data.tabular.sources import open_source
from pyramid.settings.base_settings import BaseSettings
from pyramid.training.storage import write_document
from pyramid.worker.image_network import featuriser, image_network
from pyramid.worker.reporting import Report


def run(settings: BaseSettings, report: Report) -> dict[str, Any]:
    """Write the arrays of a table into `output_directory`; returns the answer."""
    table = settings.table
    source = open_source(table, str(settings.cache_file), settings.cache_rows)
    network = image_network(settings)
    folder = Path(str(settings.output_directory))

    def tell(done: int, rows: int) -> None:
        report(done / rows, total_rows_to_cache=rows, row_number=done)

    with scratch(folder) as work:
        features = featuriser(network, settings, work) if network else None
        made = cache(
            table,
            source,
            folder,
            seed=settings.seed,
            parallelism=settings.parallelism,
            max_data_size=settings.max_data_size,
            balanced=settings.balance_objective,
            trees=settings.tree_embedding or settings.is_search,
            features=features,
            feature_width=network.width if network else 0,
            tell=tell,
        )
    if network:  # the finished model must have that of these features, whatever is trained afterwards
        write_document(folder / IMAGE_NETWORK, network.document())
    bad = features.bad if features else {}
    return {
        "datasets": made.datasets,
        "full_data_size": made.full_data_size,
        "full_data_shape": list(made.full_data_shape),
        "row_size": made.row_size,
        "tree_inputs": made.tree_inputs,
        "notes": [*made.notes, *(f"{path}: taken for a black picture: {reason}" for path, reason in bad.items())],
    }
