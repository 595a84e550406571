"""What the parts of the page say."""

import json

import fsspec
import numpy as np
import pytest
from PIL import Image

from pyramid.prediction.compare import compare
from pyramid.prediction.intervals import measured
from pyramid.report.page.contents import Contents
from pyramid.report.page.pictures import thumbnail
from pyramid.report.page.sections.mistakes import worst
from pyramid.report.page.sections.progress import trials_of
from tests.report.page.pages import boxes, categorical, numeric, parsed, pictures, progress, results


def test_the_leaderboard_has_the_best_first_and_reasons_of_the_others() -> None:
    text = parsed(Contents("a", results=results())).text
    assert text.index("good (best)") < text.index("bad")
    assert "out of memory <here>" in text
    assert "there was no time left to start it" in text
    assert "<oops>" in text


def test_many_candidates_are_folded_away() -> None:
    known = results()
    known["candidates"] += [known["candidates"][0] | {"name": f"c{i}"} for i in range(100)]
    assert "84 more" in parsed(Contents("a", results=known)).text


def test_intervals_are_shown_in_rising_order_and_errors_as_they_are() -> None:
    intervals = {
        "accuracy": {"value": 0.9, "low": 0.85, "high": 0.95},
        "mean_squared_error": {"value": -2.0, "low": -3.0, "high": -1.5},
        "auc": {"value": None, "low": None, "high": None},
    }
    text = parsed(Contents("a", intervals=intervals)).text
    assert "accuracy0.90.850.95" in text
    assert "mean squared error21.53" in text
    assert "auc–––" in text


def test_what_was_handed_on_is_what_a_share_grew_by() -> None:
    early, late = progress("early", 0, [20, 20]), progress("late", 0, [20, 20, 20, 32, 36])
    first, second = trials_of([*early, *late, ("spent", 30.0)])
    assert (first.grew, first.left, first.used) == (0.0, 16.0, 4.0)
    assert (second.grew, second.left, second.used) == (16.0, 20.0, 16.0)
    text = parsed(Contents("a", results=results(), entries=[*early, *late])).text
    assert "16 s were handed on to others" in text


def test_a_candidate_without_a_check_has_a_bar_and_no_curve() -> None:
    found = parsed(Contents("a", results=results(), entries=progress("short", 0, [5.0])))
    assert "time" in found.sections
    assert "learning" not in found.sections


def test_the_matrix_counts_rows_and_the_worst_mistakes_are_the_surest() -> None:
    evaluation = categorical()
    evaluation.truth[:2], evaluation.predicted[0], evaluation.predicted[1] = 0, [0.0, 1.0, 0.0], [0.1, 0.0, 0.9]
    first, second = worst(evaluation)[:2]
    assert (first.row, first.words) == (0, "predicted class 1 (1.00), true class 0 (0.00)")
    assert second.row == 1
    right = int((evaluation.predicted.argmax(1) == evaluation.truth).sum())
    assert f"{right} of 60 are right" in parsed(Contents("a", evaluation)).text


def test_the_worst_values_are_the_farthest_off() -> None:
    evaluation = numeric()
    evaluation.predicted[7] = evaluation.truth[7] + 50
    assert worst(evaluation)[0].row == 7


def test_mistakes_are_shown_as_small_pictures_and_missing_files_are_told(tmp_path) -> None:
    files = pictures(tmp_path, 60, (320, 200))
    evaluation = categorical(files=files)
    gone = evaluation.files[worst(evaluation)[0].row]
    (tmp_path / gone).unlink()
    found = parsed(Contents("a", evaluation, root=tmp_path))
    shown = found.all("img")
    assert len(shown) == len(worst(evaluation)) - 1
    assert {(image["width"], image["height"]) for image in shown} == {("160", "100")}
    assert f"{gone}: No such file" in found.text
    assert "There is no map of attributions: the model's document is not there." in found.text


def test_a_picture_of_16_bits_is_not_white(tmp_path) -> None:
    Image.fromarray(np.full((40, 60), 100 * 256, np.uint16)).save(tmp_path / "a.png")
    picture, size = thumbnail(str(tmp_path / "a.png"))
    assert (picture.getpixel((5, 5)), size) == ((100, 100, 100), (60, 40))


def test_pictures_at_a_uri_are_fetched_and_missing_ones_told(tmp_path) -> None:
    path = tmp_path.as_posix().lstrip("/")
    evaluation = categorical(files=[f"memory://{path}/{file}" for file in pictures(tmp_path, 60)])
    store = fsspec.filesystem("memory")
    for i in range(30):
        store.put(str(tmp_path / f"{i}.png"), f"/{path}/{i}.png")
    found, rows = parsed(Contents("a", evaluation)), [mistake.row for mistake in worst(evaluation)]
    assert 0 < len(found.all("img")) == sum(row < 30 for row in rows) < len(rows)
    assert f"memory://{path}/{max(rows)}.png: missing" in found.text


def test_the_gallery_shows_what_was_found_missed_and_false(tmp_path) -> None:
    evaluation = boxes(files=pictures(tmp_path, 6))
    (tmp_path / "5.png").write_bytes(b"no picture")
    found = parsed(Contents("a", evaluation, root=tmp_path))
    kinds = [rect["class"] for rect in found.all("rect") if rect.get("x") and rect.get("class")]
    assert kinds.count("missed") - 1 == 5  # one of each picture, and the legend's
    assert kinds.count("false") - 1 == 5
    assert kinds.count("found") - 1 == 10
    assert "5.png: " in found.text
    assert "2 found, 1 missed, 1 false" in found.text


@pytest.mark.parametrize("rows", [60, 20_000])
@pytest.mark.parametrize("off", [0.0, 2.0, 1e-200])
def test_a_model_whose_values_are_all_off_by_the_same_has_its_plots(rows, off) -> None:
    evaluation = numeric(rows)
    evaluation.predicted = evaluation.truth + off
    assert "Residuals by size" in parsed(Contents("a", evaluation)).text


def test_a_model_that_knows_no_more_than_the_shares_or_the_mean_is_told() -> None:
    classes, values = categorical(), numeric()
    told = ("Giving each class its share of the rows", "Always telling the mean")
    assert not any(line in parsed(Contents("a", made)).text for line in told for made in (classes, values))
    classes.predicted = classes.predicted[:, ::-1]
    values.predicted = values.truth + 2 * np.std(values.truth)
    for made, line in zip((classes, values), told, strict=True):
        assert line in parsed(Contents("a", made)).text


@pytest.mark.parametrize("make", [boxes, categorical])
def test_pictures_are_named_as_they_are_below_image_root(tmp_path, make) -> None:
    files = [str(tmp_path / file) for file in pictures(tmp_path, 60)]
    evaluation = make(files=files[:6] if make is boxes else files)
    for root, shown in ((tmp_path, False), (f"{tmp_path}/", False), (None, True)):
        found = parsed(Contents("a", evaluation, config={"image_root": root and str(root)}))
        captions = found.text[found.text.rindex("missed objects" if make is boxes else "The worst mistakes") :]
        captions = captions[: captions.index("Configuration and versions")]
        assert ".png" in captions
        assert (str(tmp_path) in captions) == shown


def test_the_data_are_told_with_what_was_left_out() -> None:
    known = results(
        classes={"cat": 200, "dog": 100},
        bad_images=[{"file": "a.png", "reason": "is empty"}],
        notes=["only few"],
        boxes_left_out={"b.png": 2},
        duplicates={"exact": [["a", "b", "c"]], "across": [["x.png", "y.png", 4]], "counts": {"exact": 3}},
        sizes={"width": [24.0, 640.0, 4000.0], "height": [16.0, 480.5, 3000.0]},
    )
    text = parsed(Contents("a", results=known)).text
    for words in (
        "cat20066.7%",
        "width246404,000",
        "height16480.53,000",
        "a.pngis empty",
        "only few",
        "b.png2",
        "ab, c",
        "x.pngy.png4",
        "files with the same pixels as another one: 3",
    ):
        assert words in text


def test_pictures_alike_across_the_split_are_shown_and_contradictions_listed(tmp_path) -> None:
    files = pictures(tmp_path, 40)
    across = [[*pair, 1.5] for pair in [("gone.png", files[0]), *zip(files[:20], files[20:], strict=True)]]
    copies = [[["a.png", "cat"], ["b.png", "dog"]], [["c.png", "cat"], ["d.png", "owl"]]]
    known = results(duplicates={"exact": [["a.png", "b.png"]], "conflicting": copies, "across": across})
    found = parsed(Contents("a", results=known, root=tmp_path))
    assert [image["alt"] for image in found.all("img")][:4] == [files[0], files[20], files[1], files[21]]
    assert len(found.all("img")) == 22
    assert "1cata.png1dogb.png2catc.png2owld.png" in found.text


def test_an_ensemble_is_told_with_its_members_weights_and_importances(tmp_path) -> None:
    known = results()
    scores = {"rank": {"likelihood": 0.7}, "greedy": {"likelihood": 0.8}}
    known["ensemble"] = {"method": "greedy", "members": ["good", "good", "bad"], "scores": scores, "notes": ["a note"]}
    for name, shares in (("good", [0.75, 0.25]), ("bad", [0.0, 1.0])):
        (tmp_path / f"submodel_{name}").mkdir()
        (tmp_path / f"submodel_{name}" / "model_fit_info.json").write_text(json.dumps({"importances": shares}))
    config = {"info_list": [{"name": "width"}, {"name": "height"}, {"name": "price"}]}
    model = tmp_path / "final_model.json"
    text = parsed(Contents("a", results=known, config=config, model=model)).text
    for words in ("good0.6670.75", "bad0.3330.25", "width0.5000", "height0.5000", "a note", "greedy0.8"):
        assert words in text
    assert "price0" not in text


def test_two_models_are_told_apart() -> None:
    known = {"first": 0.75, "second": 0.5, "difference": 0.25, "low": -0.125, "high": 0.5, "better": 0.875}
    none = {"first": None, "second": None, "difference": None, "low": None, "high": None, "better": None}
    comparison = {"models": ["new", "old"], "rows": 60, "resamples": 1000, "metrics": {"accuracy": known, "auc": none}}
    comparison |= {"only_first_right": 20, "only_second_right": 5, "mcnemar_p_value": 0.00408}
    found = parsed(Contents("a", comparison=comparison))
    assert "comparison" in found.sections
    assert "accuracy0.750.5+0.25-0.125+0.588%" in found.text
    assert "auc––––––" in found.text
    assert "new in 20 rows, old in 5" in found.text


def test_a_real_comparison_has_its_part() -> None:
    evaluations = categorical(seed=0), categorical(seed=0)
    evaluations[1].predicted = evaluations[1].predicted[:, [1, 0, 2]]
    both = measured(evaluations[0], 50), measured(evaluations[1], 50)
    found = parsed(Contents("a", evaluations[0], comparison=compare(("new", "old"), evaluations, both)))
    assert "McNemar" in found.text


def test_a_password_in_a_uri_is_not_in_the_page() -> None:
    uri, plain = "https://me:se%40cret@mlflow.example:5000/x@y", "https://mlflow.example/a@b"
    entry = {"tracking_uri": uri, "validation_data": plain}
    page = parsed(Contents("a", results=results(notes=[f"{uri} does not answer"]), config=entry))
    assert "cret" not in page.text
    assert page.text.count("https://…@mlflow.example:5000/x@y") == 3
    assert plain in page.text


@pytest.mark.parametrize(
    ("rows", "config", "said"),
    [
        ({"rows": 300, "training_rows": 240, "holdout_rows": 60}, {}, False),
        (
            {"rows": 300, "training_rows": 240, "holdout_rows": 55, "bad_images": [{"file": "a", "reason": "b"}] * 5},
            {},
            False,
        ),
        ({"rows": 30, "training_rows": 30, "holdout_rows": 30}, {}, True),
        ({"rows": 300, "training_rows": 300, "holdout_rows": 60}, {"cheat_on_validation": True}, True),
        ({"rows": 300}, {"holdout_rate": 0.0}, True),
        ({"rows": 32}, {}, True),
        ({"rows": 33}, {}, False),
    ],
)
def test_metrics_of_rows_that_were_learned_from_are_not_told_as_those_of_new_ones(rows, config, said) -> None:
    known = results()
    known["data"] = {"objective": "categorical", "notes": [], "rows": 1} | rows
    text = parsed(Contents("a", categorical(), results=known, config=config)).text
    assert ("On rows that were not learned from" in text) != said
    assert ("they say nothing about new ones" in text) == said
    assert ("rows checked60 that were learned from" in text) == said


def test_a_part_of_the_holdout_is_told_as_a_part() -> None:
    known = results(rows=9000, training_rows=5000, holdout_rows=4000)
    assert "rows checked60 of 4,000 held out" in parsed(Contents("a", categorical(), results=known)).text
    assert "rows held out60" in parsed(Contents("a", categorical(), results=results())).text


def test_long_values_of_the_configuration_are_cut() -> None:
    text = parsed(Contents("a", config={"training_data": [["x" * 50, 1]] * 100, "seed": 3})).text
    assert "… (100 items)" in text
    assert "seed3" in text


@pytest.mark.parametrize("augmentations", [{}, {"zoom": 0.1}])
def test_augmented_samples_need_a_training(augmentations: dict[str, float]) -> None:
    known = results() | {"augmentations": augmentations}
    assert "augmented" not in parsed(Contents("a", results=known)).sections


def test_augmented_samples_that_are_gone_are_told(tmp_path) -> None:
    document = {"training_data": str(tmp_path / "gone"), "output_directory": str(tmp_path / "out")}
    job = ("job", {"command": "pyramid_train", "document": document, "folder": str(tmp_path)})
    found = parsed(Contents("a", results=results() | {"augmentations": {"zoom": 0.1}}, entries=[job]))
    assert "cannot be shown any more: training_data" in found.text


def test_curves_of_the_worst_classes_are_drawn() -> None:
    evaluation = categorical(2000, 12)
    evaluation.predicted[:, 4] = np.random.default_rng(5).uniform(size=2000)
    text = parsed(Contents("a", evaluation)).text
    assert "the 8 classes with the lowest average precision" in text
    assert text[text.index("average precision first") :].split("class ")[1].startswith("4")


def test_a_class_whose_name_begins_with_an_underscore_is_in_the_legend() -> None:
    evaluation = categorical()
    evaluation.classes[1] = "_hidden"
    assert parsed(Contents("a", evaluation)).text.count("\u200b_hidden") == 2


def test_what_a_person_should_know_first_is_told_first() -> None:
    known = results(bad_images=[{"file": "a.png", "reason": "broken"}] * 3, notes=["two classes are rare"])
    known["candidates"][1] |= {"iterations": 7, "epochs": 0.2}
    text = parsed(Contents("a", categorical(), results=known)).text
    told = text[text.index("To know first") :]
    for line in (
        "1 of 4 candidates failed: the leaderboard tells why.",
        "3 files were left out: they are listed with the data.",
        "two classes are rare",
        "good had time for 7 steps, and has seen 20% of the rows that it learns from",
    ):
        assert line in told
