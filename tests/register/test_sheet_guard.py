"""Workbooks that must not reach a parser (threats.md H8). Each is a sound one with one part changed."""

import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from rosters_for_tests import grid, people, read, write_book

from certsvc.core.errors import CertsvcError, Malformed
from certsvc.register.sheet_guard import Limits
from certsvc.register.sheet_slices import slice_workbook

SHEET = "xl/worksheets/sheet1.xml"
Parts = dict[str, bytes]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write_book(tmp_path / "sound.xlsx", {"名单": grid(people({}, {}))})


def changed(sound: Path, change: Callable[[Parts], None]) -> Path:
    """A copy of `sound` whose parts went through `change`."""
    with zipfile.ZipFile(sound) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    target = sound.with_name("changed.xlsx")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return target


def swap(part: str, old: bytes, new: bytes) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        assert old in parts[part]
        parts[part] = parts[part].replace(old, new, 1)

    return change


def put(part: str, body: bytes) -> Callable[[Parts], None]:
    return lambda parts: parts.__setitem__(part, body)


ROOT = b"<worksheet"
CELL = b'<c r="D2"'
RELS = "xl/_rels/workbook.xml.rels"
LINK = (
    b'<Relationship Id="x" Type="http://example/%s" Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
)
MERGE = b'<mergeCell ref="A5:B5"/>'
BAD: dict[str, tuple[str, Callable[[Parts], None]]] = {
    "macro-part": ("xlsx_macro", put("xl/vbaProject.bin", b"x")),
    "macro-sheet": ("xlsx_macro", put("xl/macrosheets/sheet9.xml", b"<x/>")),
    "macro-content-type": (
        "xlsx_macro",
        swap("[Content_Types].xml", b"spreadsheetml.sheet.main+xml", b"spreadsheetml.sheet.macroEnabled.main+xml"),
    ),
    "external-book": ("xlsx_external", put("xl/externalLinks/externalLink1.xml", b"<x/>")),
    "external-relation": ("xlsx_external", swap(RELS, b"</Relationships>", LINK % b"externalLinkPath")),
    "data-connection": ("xlsx_external", put("xl/connections.xml", b"<x/>")),
    "embedded-object": ("xlsx_embedded", put("xl/embeddings/oleObject1.bin", b"x")),
    "active-x": ("xlsx_embedded", put("xl/activeX/activeX1.xml", b"<x/>")),
    "doctype-in-sheet": ("xlsx_entities", swap(SHEET, ROOT, b"<!DOCTYPE x [<!ENTITY e 'y'>]><worksheet")),
    "doctype-in-strings": ("xlsx_entities", swap("xl/sharedStrings.xml", b"<sst", b"<!DOCTYPE x><sst")),
    "external-entity-in-workbook": (
        "xlsx_entities",
        swap("xl/workbook.xml", b"<workbook", b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><workbook"),
    ),
    "cdata-hides-a-formula": ("xlsx_xml", swap(SHEET, CELL, b"<![CDATA[<f>]]>" + CELL)),
    "comment-in-sheet": ("xlsx_xml", swap(SHEET, CELL, b"<!-- x -->" + CELL)),
    "utf-16-sheet": ("xlsx_xml", lambda parts: parts.update({SHEET: parts[SHEET].decode().encode("utf-16")})),
    "declared-encoding": ("xlsx_xml", swap(SHEET, b'encoding="UTF-8"', b'encoding="UTF-7"')),
    "formula": ("xlsx_formula", swap(SHEET, CELL, b'<c r="C2"><f>1+1</f><v>2</v></c>' + CELL)),
    "formula-without-content": (
        "xlsx_formula",
        swap(SHEET, CELL, b'<c r="C2"><f si="0"/><v>2</v></c>' + CELL),
    ),
    "formula-under-a-prefix": ("xlsx_formula", swap(SHEET, CELL, b'<c r="C2"><y:f>1</y:f><v>2</v></c>' + CELL)),
    "error-cell": ("xlsx_error_cell", swap(SHEET, CELL, b'<c r="C2" t="e"><v>#N/A</v></c>' + CELL)),
    "far-column": ("xlsx_xml", swap(SHEET, CELL, b'<c r="XFD2"><v>1</v></c>' + CELL)),
    "cell-of-another-row": ("xlsx_xml", swap(SHEET, CELL, b'<c r="C1048576"><v>1</v></c>' + CELL)),
    "cell-reference-with-spaces": ("xlsx_xml", swap(SHEET, CELL, b'<c r = "C1048576"><v>1</v></c>' + CELL)),
    "rows-out-of-order": ("xlsx_xml", lambda parts: _rename_rows(parts, b"2", b"1")),
    "row-without-number": ("xlsx_xml", swap(SHEET, b'<row r="2"', b"<row")),
    "row-of-many-cells": ("xlsx_bomb", swap(SHEET, CELL, b"<c><v>1</v></c>" * 703 + CELL)),
    "row-of-a-megabyte": ("xlsx_bomb", swap(SHEET, CELL, b"<c><v>%s</v></c>" % (b"1" * (1 << 20)) + CELL)),
    "sheet-without-data": ("xlsx_xml", put(SHEET, b"<worksheet/>")),
    "sheet-that-breaks-off": ("xlsx_xml", lambda parts: parts.update({SHEET: parts[SHEET][:-400]})),
    "no-workbook": ("xlsx_zip", lambda parts: parts.pop("xl/workbook.xml") and None),
    "no-content-types": ("file_unknown", lambda parts: parts.pop("[Content_Types].xml") and None),
    "workbook-that-is-no-xml": ("xlsx_xml", put("xl/workbook.xml", b"<workbook>")),
    "sheet-of-another-root": ("xlsx_xml", swap(SHEET, ROOT, b"<dialogsheet")),
    "merges-without-end": ("xlsx_bomb", swap(SHEET, b"</sheetData>", b"</sheetData>" + MERGE * 20_001)),
    "no-relations-of-the-workbook": ("xlsx_zip", lambda parts: parts.pop(RELS) and None),
    "sheet-that-is-no-xml": ("xlsx_xml", swap(SHEET, CELL, b"</c></row>" + CELL)),
}


def _rename_rows(parts: Parts, old: bytes, new: bytes) -> None:
    body = parts[SHEET].replace(b'<row r="%s"' % old, b'<row r="%s"' % new)
    for letter in range(65, 91):
        body = body.replace(b'r="%c%s"' % (letter, old), b'r="%c%s"' % (letter, new))
        body = body.replace(b'r="A%c%s"' % (letter, old), b'r="A%c%s"' % (letter, new))
    parts[SHEET] = body


def refusal(path: Path, limits: Limits | None = None) -> CertsvcError:
    with pytest.raises(CertsvcError) as caught:
        read(path, **({"limits": limits} if limits else {}))
    return caught.value


@pytest.mark.parametrize("name", BAD)
def test_a_bad_workbook_is_refused_before_it_is_parsed(name: str, sound: Path) -> None:
    code, change = BAD[name]
    assert refusal(changed(sound, change)).code == code


def test_the_sound_workbook_passes(sound: Path) -> None:
    assert len(read(sound).rows) == 2
    assert len(read(changed(sound, lambda parts: None)).rows) == 2


def test_a_formula_is_named_by_sheet_and_cell(tmp_path: Path) -> None:
    lines = [*grid(people({})), *([[{"formula": "=1+1"}]] * 7)]
    error = refusal(write_book(tmp_path / "r.xlsx", {"名单": lines}))
    assert "名单!A3, A4, A5, A6, A7" in error.zh and "A8" not in error.zh and "数值" in error.hint


def test_a_clickable_mail_address_is_no_external_link(tmp_path: Path) -> None:
    path = write_book(tmp_path / "r.xlsx", {"名单": grid(people({"remark": "mailto:a@example.invalid"}))},
                      strings_to_urls=True)  # fmt: skip
    with zipfile.ZipFile(path) as archive:
        assert any(b"External" in archive.read(name) for name in archive.namelist() if name.endswith(".rels"))
    assert len(read(path).rows) == 1


def test_drop_downs_are_no_formulas(tmp_path: Path) -> None:
    path = write_book(tmp_path / "r.xlsx", {"名单": grid(people({}))})
    rule = b'<dataValidation type="list" sqref="A1"><formula1>x</formula1></dataValidation>'
    body = b"<dataValidations>" + rule + b"</dataValidations>"
    assert len(read(changed(path, swap(SHEET, b"</sheetData>", b"</sheetData>" + body))).rows) == 1


def test_formats_drawn_down_the_sheet_are_no_rows(sound: Path) -> None:
    empty = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (n, n) for n in range(10, 3000))
    path = changed(sound, swap(SHEET, b"</sheetData>", empty + b"</sheetData>"))
    assert len(read(path, limits=Limits(rows=3, spare_rows=1)).rows) == 2


def test_a_namespace_prefix_changes_nothing(sound: Path) -> None:
    def prefix(parts: Parts) -> None:
        body = parts[SHEET].replace(b'xmlns="', b'xmlns:x="')
        for tag in (b"worksheet", b"sheetData", b"row", b"c", b"v"):
            body = body.replace(b"<%s>" % tag, b"<x:%s>" % tag).replace(b"<%s " % tag, b"<x:%s " % tag)
            body = body.replace(b"</%s>" % tag, b"</x:%s>" % tag)
        body = body[: body.index(b"</x:sheetData>")] + b"</x:sheetData></x:worksheet>"
        parts[SHEET] = body[: body.index(b"<dimension")] + body[body.index(b"<x:sheetData>") :]

    assert len(read(changed(sound, prefix)).rows) == 2


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(file=100), "file_size"),
        (Limits(members=3), "xlsx_bomb"),
        (Limits(member=500), "xlsx_bomb"),
        (Limits(total=2000), "xlsx_bomb"),
        (Limits(strings=100), "xlsx_bomb"),
        (Limits(ratio=1, ratio_from=100), "xlsx_bomb"),
        (Limits(rows=1, spare_rows=1), "too_many_rows"),
        (Limits(sheets=0), "too_many_sheets"),
    ],
)
def test_each_limit_refuses_what_is_beyond_it(limits: Limits, code: str, sound: Path) -> None:
    assert refusal(sound, limits).code == code


def test_a_workbook_exactly_at_its_limits_passes(sound: Path) -> None:
    with zipfile.ZipFile(sound) as archive:
        sizes = [info.file_size for info in archive.infolist()]
    limits = Limits(sound.stat().st_size, max(sizes), sum(sizes), members=len(sizes), sheets=1, rows=2, spare_rows=1)
    assert len(read(sound, limits=limits).rows) == 2


@pytest.mark.parametrize("body", [bytes(8 << 20), random.Random(1).randbytes(9 << 20)], ids=["small", "dense"])
def test_a_part_is_no_bomb_unless_it_is_both_large_and_empty(body: bytes, sound: Path) -> None:
    assert len(read(changed(sound, put("xl/media/image1.png", body))).rows) == 2


def test_what_follows_the_rows_may_be_long_but_not_endless(sound: Path) -> None:
    def follow(size: int) -> Callable[[Parts], None]:
        noise = b'<x a="%s"/>' % random.Random(1).randbytes(size // 2).hex().encode()
        return swap(SHEET, b"</sheetData>", b"</sheetData>" + noise)

    assert len(read(changed(sound, follow(1 << 20))).rows) == 2
    assert refusal(changed(sound, follow(9 << 20))).code == "xlsx_bomb"


def test_what_stands_before_the_rows_is_bounded_too(sound: Path) -> None:
    noise = random.Random(1).randbytes(5 << 20).hex().encode()
    assert refusal(changed(sound, swap(SHEET, ROOT, b'<worksheet a="%s"' % noise))).code == "xlsx_xml"
    assert len(read(changed(sound, swap(SHEET, b"<sheetData>", b"<sheetData>" + b" " * (600 << 10)))).rows) == 2
    assert refusal(changed(sound, swap(SHEET, b"<sheetData>", b"<sheetData>" + b" " * (2 << 20)))).code == "xlsx_xml"


def test_a_chart_sheet_is_no_sheet_of_people(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        for at, line in enumerate(grid(people({}))):
            sheet.write_row(at, 0, line)
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=名单!$A$1:$A$2"})
        book.add_chartsheet("图表").set_chart(chart)
    file = read(path)
    assert (len(file.rows), file.faults) == (1, [])


def test_rows_far_apart_come_in_slices_of_their_own(tmp_path: Path) -> None:
    lines = [*([[]] * 1500), ["x"], *([[]] * 998), ["x"], ["x"], *([[]] * 5000), ["x"]]
    (sheet,) = slice_workbook(write_book(tmp_path / "r.xlsx", {"名单": lines}), tmp_path).sheets
    assert (sheet.rows, len(sheet.slices)) == (4, 3)


def test_a_zip_bomb_is_refused_by_its_ratio(sound: Path) -> None:
    error = refusal(changed(sound, put("xl/media/image1.png", bytes(20 << 20))))
    assert error.code == "xlsx_bomb" and "image1" in error.zh


def test_a_million_sheets_are_refused(sound: Path) -> None:
    sheets = b"".join(b'<sheet name="s%d" sheetId="%d" r:id="rId1"/>' % (n, n) for n in range(2, 100))
    assert (
        refusal(changed(sound, swap("xl/workbook.xml", b"</sheets>", sheets + b"</sheets>"))).code == "too_many_sheets"
    )


def test_a_workbook_part_of_megabytes_is_refused_unread(sound: Path) -> None:
    body = b"<workbook>" + b"<a/>" * (1 << 20) + b"</workbook>"
    assert refusal(changed(sound, put("xl/workbook.xml", body))).code == "xlsx_bomb"


def test_a_part_that_lies_about_its_size_is_refused(sound: Path, tmp_path: Path) -> None:
    """The directory names the size and checksum of the first kilobyte; the rest follows in the same deflate stream."""
    path = changed(sound, lambda parts: None)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(SHEET)
        body = archive.read(SHEET)
    raw = bytearray(path.read_bytes())
    honest, lie = struct.pack("<I", info.CRC), struct.pack("<I", zlib.crc32(body[:1024]))
    sizes = (struct.pack("<II", info.compress_size, info.file_size), struct.pack("<II", info.compress_size, 1024))
    assert raw.count(honest) == 2 and raw.count(sizes[0]) == 2
    path.write_bytes(bytes(raw).replace(honest, lie).replace(*sizes))
    with zipfile.ZipFile(path) as archive:
        assert len(archive.read(SHEET)) == 1024
    assert refusal(path).code == "xlsx_xml"


def test_a_part_with_a_wrong_checksum_is_refused(sound: Path) -> None:
    path = changed(sound, lambda parts: None)
    with zipfile.ZipFile(path) as archive:
        crc = struct.pack("<I", archive.getinfo(SHEET).CRC)
    path.write_bytes(path.read_bytes().replace(crc, b"\x00\x00\x00\x00"))
    assert refusal(path).code == "xlsx_zip"


def test_two_parts_of_one_name_are_refused(sound: Path) -> None:
    with zipfile.ZipFile(sound, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SHEET, "<worksheet/>")
    assert refusal(sound).code == "xlsx_zip"


def test_a_part_under_a_password_is_refused(sound: Path) -> None:
    raw = bytearray(sound.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    sound.write_bytes(raw)
    assert refusal(sound).code == "xlsx_encrypted"


OLE = bytes.fromhex("D0CF11E0A1B11AE1")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (OLE + b"Workbook", "xls_old"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "xlsx_encrypted"),
        (b"PK\x03\x04 and no more", "xlsx_zip"),
        (b"", "file_unknown"),
        (b" \r\n", "file_unknown"),
        (b"%PDF-1.7\x00", "file_unknown"),
    ],
)
def test_a_file_of_another_kind_is_named(body: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    path.write_bytes(body)
    error = refusal(path)
    assert error.code == code and isinstance(error, Malformed)


def test_nothing_of_the_upload_but_cells_and_formats_reaches_the_parser(sound: Path, tmp_path: Path) -> None:
    path = changed(sound, put("xl/printerSettings/printerSettings1.bin", b"x"))
    sliced = slice_workbook(path, tmp_path)
    with zipfile.ZipFile(sliced.path) as archive:
        names = set(archive.namelist())
    frame = {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
    assert names == frame | {"xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/s0-0.xml"}
