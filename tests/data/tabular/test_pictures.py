"""The pictures of a table as examples of `image_training`."""

from pathlib import Path

import pytest

from pyramid.data.tabular.pictures import read_examples_of_images
from pyramid.data.tabular.sources import open_source
from pyramid.errors import DataError
from tests.data.tabular.making import AGE, PHOTO, PICTURES, PRICE, SPECIES, WEIGHT, table_of, write_ser, write_table


def test_every_picture_of_a_row_is_an_example_of_its_class(tmp_path: Path) -> None:
    infos = [PHOTO, AGE, PHOTO, WEIGHT, SPECIES]
    rows = [["a.png", 0.0, "b/c.png", 2.0, 1.0], ["", 0.0, "d.png", 0.5, 0.0], ["e.png", 0.0, "f.png", 1.0, -1.0]]
    table = table_of(infos, weighted=True)
    assert read_examples_of_images(table, open_source(table, write_ser(tmp_path / "t.ser", infos, rows), 3)) == [
        {"file": "a.png", "label": "bee", "weight": 2.0, "group": "0"},
        {"file": "b/c.png", "label": "bee", "weight": 2.0, "group": "0"},
        {"file": "d.png", "label": "ant", "weight": 0.5, "group": "1"},
    ]


def test_a_value_has_its_own_unit_and_a_row_without_a_weight_the_weight_1(tmp_path: Path) -> None:
    table = table_of([PHOTO, PRICE])
    path = write_ser(tmp_path / "t.ser", [PHOTO, PRICE], [["a.png", 0.0], ["b.png", -1.5]])
    expected = [
        {"file": "a.png", "label": 100.0, "weight": 1.0, "group": "0"},
        {"file": "b.png", "label": 70.0, "weight": 1.0, "group": "1"},
    ]
    assert read_examples_of_images(table, open_source(table, path)) == expected
    path = write_table(tmp_path / "t.parquet", {"photo": ["c.png", "a.png", "b.png"], "price": [None, 100.0, 70.0]})
    expected = [one | {"group": str(row)} for row, one in enumerate(expected, start=1)]
    assert read_examples_of_images(table, open_source(table, path)) == expected


def test_a_wrong_row_and_a_table_without_examples_are_errors(tmp_path: Path) -> None:
    table = table_of(PICTURES)
    path = write_ser(tmp_path / "t.ser", PICTURES, [[0.0, "a.png", 0.0], [0.0, "b.png", 2.0]])
    with pytest.raises(DataError, match=r"row 2: info_list\[2\] \(species\): must be the place of a category"):
        read_examples_of_images(table, open_source(table, path))
    write_ser(path, PICTURES, [[0.0, "", 0.0], [0.0, "b.png", -1.0]])
    with pytest.raises(DataError, match="no row has both a picture and an objective"):
        read_examples_of_images(table, open_source(table, path))
