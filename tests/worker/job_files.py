"""Jobs as a backend writes them: a bench with a running worker, and a small table to learn from."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.data.tabular.making import write_ser
from tests.worker.running import Answer, Worker

Job = dict[str, Any]
Rows = list[list[Any]]

AGE: Job = {"index": 0, "type": "numeric", "mean": 40.0, "stdev": 8.0}
COLOUR: Job = {"index": 1, "type": "categorical", "values": ["red", "green", "blue"]}
SHARE: Job = {"index": 2, "type": "numeric", "zero_value": 10.0, "one_value": 20.0}
WEIGHT: Job = {"index": 3, "type": "numeric", "mean": 1.0, "stdev": 0.5}
SPECIES: Job = {"index": 4, "type": "categorical", "values": ["ant", "bee", "cat"]}
PRICE: Job = {"index": 4, "type": "numeric", "mean": 100.0, "stdev": 20.0}

CLASSES = [AGE, COLOUR, SHARE, WEIGHT, SPECIES]
PRICES = [AGE, COLOUR, SHARE, WEIGHT, PRICE]
#: Columns of the inputs in an array: two numbers, one-hot colours.
INPUTS = 5


def stored_rows(info_list: list[Job], rows: int, seed: int = 0) -> Rows:
    """Rows of `CLASSES` or `PRICES` as a `.ser` file holds them; every tenth colour is missing, the rest is told."""
    rng = np.random.default_rng(seed)
    age, share, weight = rng.normal(size=rows), rng.uniform(size=rows), rng.uniform(0.5, 2, rows)
    colour = np.where(np.arange(rows) % 10 == 0, -1, rng.integers(0, 3, rows))
    score = age + 2 * share + (colour == 1)
    target = np.digitize(score, [0.5, 2.0]) if info_list[-1]["type"] == "categorical" else score - 1.3
    return np.stack([age, colour, share, weight, target], axis=1).tolist()


def raw_inputs(rows: Rows) -> Rows:
    """The inputs of `stored_rows` as people have them."""
    colours: list[str] = COLOUR["values"]
    return [
        [age * 8 + 40, None if colour < 0 else colours[int(colour)], share * 10 + 10] for age, colour, share, *_ in rows
    ]


class Bench:
    """A running worker, and a folder for its jobs, data and results."""

    def __init__(self, running: Worker, folder: Path):
        self.running, self.folder = running, folder
        self.output = folder / "out"

    def run(self, timeout: float = 60, **job: Any) -> Answer:
        """Have a job done, whose `output_directory` is `self.output` where it does not say another."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "job.json"
        path.write_text(json.dumps({"output_directory": str(self.output)} | job))
        self.running.send(path)
        answer = self.running.answers(1, timeout)[0]
        assert answer.complete["job_id"] == job.get("job_id")
        assert all(line["job_id"] == job.get("job_id") for line in answer.progress)
        return answer

    def done(self, timeout: float = 60, **job: Any) -> Job:
        """The answer to a job that must be right."""
        answer = self.run(timeout, **job)
        assert "error" not in answer.complete, answer.complete["error"]
        assert answer.complete["job_time"] > 0
        assert answer.progress, "a job tells that it begins"
        return answer.complete

    def failed(self, timeout: float = 60, **job: Any) -> str:
        """The error of a job that must be wrong."""
        answer = self.run(timeout, **job).complete
        assert set(answer) == {"job_id", "error"}, sorted(answer)
        error: str = answer["error"]
        return error

    def cache(self, info_list: list[Job], rows: Rows, **more: Any) -> Job:
        """Cache ``rows``, as trees for a search want it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = write_ser(self.folder / "rows.ser", [info | {"name": ""} for info in info_list], rows)
        job: Job = {"cache_file": str(path), "cache_rows": len(rows), "instance_weights": True, "is_search": True}
        return self.done(job_type="dataset_caching", job_id="cache0", info_list=info_list, **(job | more))

    def training(self, info_list: list[Job], **more: Any) -> Job:
        """A short training on what was cached."""
        job: Job = {"job_type": "standard_training", "job_id": "one", "info_list": info_list, "instance_weights": True}
        job |= {"cache_file": str(self.output / "full_dataset.npy"), "max_iterations": 30, "max_training_time": 20}
        return job | more

    def leftovers(self, folder: Path | None = None) -> list[str]:
        """What is in the output directory, or in ``folder``, and is not a result."""
        known = (
            "submodel_",
            "full_dataset",
            "evaluation_",
            "compared_",
            "importance_",
            "data_subset_",
            "tree",
            "final_model",
            "short_",
            "image_network",
        )
        return sorted(path.name for path in (folder or self.output).glob("*") if not path.name.startswith(known))
