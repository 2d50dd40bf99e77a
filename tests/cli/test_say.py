"""What is said: columns of wide characters, colour on terminals only, progress only where somebody looks."""

import pytest

from certsvc.cli import say


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("王示例", 6), ("e\u0301", 1), ("𠮷a", 3), ("", 0)])
def test_width_counts_columns_and_not_characters(text: str, columns: int) -> None:
    assert say.width(text) == columns
    assert say.width(say.pad(text, 10)) == 10


def test_a_table_is_aligned_and_obeys_no_escape_code(capsys: pytest.CaptureFixture[str]) -> None:
    say.table(("姓名", "n"), [("王示例", 1), ("a\x1b[31m", 22)])
    lines = capsys.readouterr().out.splitlines()
    assert [say.width(line[: line.rindex(" ")]) for line in lines] == [9, 9, 9] or "\x1b" not in "".join(lines)
    assert "\x1b[31m" not in "".join(lines)


def test_no_color_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert say.paint("x", fg="red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert say.paint("x", fg="red") == "x"


def test_a_bar_draws_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with say.bar("制证") as progress:
        progress(10, 10)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with say.bar("制证") as progress:
        progress(5, 10)
        progress(10, 10)
    drawn = capsys.readouterr().err
    assert "10/10" in drawn and "█" * say.BAR_WIDTH in drawn
    assert drawn.endswith("\n")


def test_stages_end_each_in_a_line_with_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    with say.stages() as progress:
        progress("甲", 1, 2)
        progress("甲", 2, 2)
        progress("乙", 7, 7)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1:3] for line in lines] == [["甲", "2"], ["乙", "7"]]
