"""What bin/quickstart runs: scikit-learn's handwritten digits as PNG files, and a first model of them."""

import json
from pathlib import Path

from pyramid.cli.process import run
from pyramid.cli.train import train

USE = """
Use the model from Python ({python}):

    from sensenet.models.wrappers import create_model
    model = create_model("{model}")
    print(model("{picture}"))  # a probability for each of {classes}
"""


def write_digits(folder: Path) -> list[dict[str, str]]:
    """Write the 1,797 digits (8×8 pixels, 10 classes) into ``folder``; returns their `training_data`.

    Files are relative to ``folder``.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        name = f"{i:04d}.png"
        Image.fromarray((pixels * (255 / 16)).round().astype("uint8")).save(folder / name)  # levels are 0 … 16
        rows.append({"file": name, "label": str(label)})
    return rows


def main() -> None:
    """Write the digits, train two candidates for a minute in all, and say how the model is used."""
    run("quickstart", _main)


def _main() -> None:
    import sys

    folder = Path("quickstart")
    config = folder / "digits.json"
    rows = write_digits(folder / "digits")
    document: dict[str, object] = {
        "training_data": rows,
        "image_root": str(folder / "digits"),
        "output_directory": str(folder / "model"),
        "input_image_shape": [32, 32, 3],
        "image_network_candidates": [["simple", "randomly_initialize"], ["simple_residual", "randomly_initialize"]],
        "max_total_time": 60,
    }
    config.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print(f"{len(rows):,} pictures are in {folder / 'digits'}, the configuration is {config}", flush=True)
    out = train(document)
    values = sorted({row["label"] for row in rows})
    out.print(
        USE.format(
            python=sys.executable,
            model=folder / "model" / "final_model.json",
            picture=folder / "digits" / rows[0]["file"],
            classes=", ".join(values),
        ),
        soft_wrap=True,
        markup=False,
    )
    out.print(f"Train it again: {Path(sys.executable).parent / 'pyramid_train'} {config}", soft_wrap=True)


if __name__ == "__main__":
    main()
