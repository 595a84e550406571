"""The journal of a job: what a killed process has written of it is read, whatever it was doing then."""

from pathlib import Path

from pyramid.finalize.journal import JOURNAL_FILE, SPENT, Journal, entries


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for value in ({"a": "é\n"}, 1.5, None):
        journal.write(SPENT, value)
    assert list(entries(tmp_path)) == [(SPENT, {"a": "é\n"}), (SPENT, 1.5), (SPENT, None)]


def test_a_folder_without_a_journal_has_no_entries(tmp_path: Path) -> None:
    assert list(entries(tmp_path)) == []


def test_a_half_written_line_is_passed_over_and_cut_by_the_next_process(tmp_path: Path) -> None:
    Journal(tmp_path).write(SPENT, 1)
    with (tmp_path / JOURNAL_FILE).open("a") as file:
        file.write('["spent", 2')
    assert list(entries(tmp_path)) == [(SPENT, 1)]
    Journal(tmp_path).write(SPENT, 3)
    assert list(entries(tmp_path)) == [(SPENT, 1), (SPENT, 3)]


def test_what_is_no_entry_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).write_bytes(b'5\n["a"]\n\x00\x00\n\xff\n["spent", 1]\n')
    assert list(entries(tmp_path)) == [(SPENT, 1)]
