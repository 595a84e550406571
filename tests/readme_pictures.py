"""Make the pictures of the README with pyramid's own commands, which takes six minutes:

    ~/.virtualenvs/pyramid/bin/python tests/readme_pictures.py

It trains a detector on drawn shapes, shows what augmentation does to them, draws what is found in new ones, and takes
a picture of the report. It wants `chromium`.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from shapes import write_pictures

PICTURES = Path(__file__).parents[1] / "configs" / "pictures"
BIN = Path(sys.executable).parent

#: Of the report: its beginning.
WINDOW = (1200, 1000)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = {
            "training_data": write_pictures(folder / "shapes", 300),
            "image_root": "shapes",
            "image_augmentations": ["horizontal_flip", "zoom", "brightness"],
            "max_total_time": 300,
            "output_directory": "results",
        }
        (folder / "config.json").write_text(json.dumps(document))
        run(folder, "pyramid_train", "--visualize", "config.json")
        sheet = Image.open(next((folder / "results" / "visualize").glob("*.png")))
        keep(sheet.crop((0, 0, sheet.width, min(sheet.height, sheet.width // 2))), "augmented")
        run(folder, "pyramid_train", "config.json")
        write_pictures(folder / "new", 8, seed=1, side=256)
        run(folder, "pyramid_predict", "results", "new", "--draw", "drawn", "--output", "found.csv")
        keep(side_by_side(sorted((folder / "drawn").rglob("*.jpg"))[:8]), "found")
        keep(page(folder / "results" / "report.html", folder / "page.png"), "report")


def run(folder: Path, command: str, *arguments: str) -> None:
    subprocess.run([BIN / command, *arguments], cwd=folder, check=True)


def keep(picture: Image.Image, name: str) -> None:
    """As a small file, 900 pixels wide at most."""
    picture = picture.convert("RGB")
    picture.thumbnail((900, 1200))
    picture.save(PICTURES / f"{name}.webp", quality=80)


def side_by_side(files: list[Path]) -> Image.Image:
    pictures = [Image.open(file).convert("RGB").resize((220, 220)) for file in files]
    sheet = Image.new("RGB", (4 * 225, 2 * 225), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(picture, (i % 4 * 225, i // 4 * 225))
    return sheet


def page(report: Path, file: Path) -> Image.Image:
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    size = f"--window-size={WINDOW[0]},{WINDOW[1]}"
    subprocess.run(["chromium", *options, size, f"--screenshot={file}", report.as_uri()], check=True)
    return Image.open(file)


if __name__ == "__main__":
    main()
