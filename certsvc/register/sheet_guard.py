"""Checks a workbook before anything parses it (threats.md H8): what a spreadsheet from outside may not hold.

The package is read here once, with limits on every size, and only what passed is handed on; so a zip that lies about
its sizes, or that two programs read differently, is never seen by the parser behind us.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from certsvc.core.errors import CertsvcError, Malformed, Refused


@dataclass(frozen=True)
class Limits:
    """What a roster of 100,000 rows and 44 columns needs, with room to spare; sizes in bytes."""

    file: int = 64 << 20
    member: int = 512 << 20
    total: int = 768 << 20
    strings: int = 128 << 20
    """The one part that the parser must hold at once."""
    ratio: int = 120
    """Bytes out for one byte in; sheets of real rosters reach 40."""
    ratio_from: int = 8 << 20
    members: int = 1000
    sheets: int = 60
    rows: int = 100_000
    """Rows of all sheets together, headers and titles apart."""
    spare_rows: int = 500


LIMITS = Limits()
BLOCK = 1 << 18
#: Parts that are read as a tree: names of sheets, relationships, content types.
SMALL_PART = 2 << 20
#: OLE2: an old .xls, or a modern workbook under a password.
OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
ZIP_MAGIC = b"PK\x03\x04"

#: Part name -> why a workbook with it is refused; the first that fits.
FORBIDDEN_PARTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"vbaproject|vbadata|macrosheets/|dialogsheets/", re.I), "xlsx_macro"),
    (re.compile(r"externallinks?/|/connections\.xml|querytables/", re.I), "xlsx_external"),
    (re.compile(r"embeddings/|activex/|ctrlprops/", re.I), "xlsx_embedded"),
)

MESSAGES: dict[str, tuple[str, str]] = {
    "file_size": ("文件过大:{0}", "The file is too large: {0}."),
    "file_unknown": ("不是 .xlsx 或 .csv 文件", "The file is neither .xlsx nor .csv."),
    "xls_old": ("旧版 .xls 格式,不能读取", "This is an old .xls workbook."),
    "xlsx_encrypted": ("工作簿已加密", "The workbook is under a password."),
    "xlsx_zip": ("工作簿已损坏:{0}", "The workbook is damaged: {0}."),
    "xlsx_bomb": ("工作簿解压后过大,可能是压缩炸弹:{0}", "The workbook unpacks to too much: {0}."),
    "xlsx_macro": ("工作簿含宏:{0}", "The workbook holds macros: {0}."),
    "xlsx_external": ("工作簿含外部链接或数据连接:{0}", "The workbook links to outside files: {0}."),
    "xlsx_embedded": ("工作簿含嵌入对象:{0}", "The workbook holds embedded objects: {0}."),
    "xlsx_entities": ("工作簿的 XML 含实体或文档类型声明:{0}", "XML with a DOCTYPE or entities: {0}."),
    "xlsx_xml": ("工作簿的 XML 不规范:{0}", "XML that no spreadsheet program writes: {0}."),
    "xlsx_formula": ("单元格含公式:{0}", "Cells hold formulas: {0}."),
    "xlsx_error_cell": ("单元格为错误值(#N/A 等):{0}", "Cells hold error values: {0}."),
    "too_many_rows": ("行数超过上限 {0}", "More than {0} rows."),
    "too_many_sheets": ("工作表超过上限 {0}", "More than {0} sheets."),
}
HINTS: dict[str, str] = {
    "xls_old": "Excel/WPS: 另存为 .xlsx",
    "xlsx_encrypted": "Excel/WPS: 取消密码后另存为 .xlsx",
    "xlsx_macro": "Excel/WPS: 另存为不含宏的 .xlsx",
    "xlsx_external": "Excel/WPS: 数据 → 编辑链接 → 断开链接",
    "xlsx_formula": "Excel/WPS: 复制 → 选择性粘贴 → 数值",
    "too_many_rows": "certsvc roster import 分批导入",
}
#: The file is not readable at all; everything else is refused by a rule.
MALFORMED = frozenset({"file_unknown", "xls_old", "xlsx_encrypted", "xlsx_zip", "xlsx_xml"})


def complaint(code: str, detail: object = "") -> CertsvcError:
    """The exception for `code`, with its sentences filled in."""
    zh, en = MESSAGES[code]
    kind = Malformed if code in MALFORMED else Refused
    return kind(code, zh.format(detail), en.format(detail), HINTS.get(code, ""))


def file_kind(path: Path, limits: Limits = LIMITS) -> str:
    """ "xlsx" or "csv", told by the first bytes and not by the name. Raises Malformed or Refused for anything else."""
    size = path.stat().st_size
    if size > limits.file:
        raise complaint("file_size", f"{size >> 20} MB > {limits.file >> 20} MB")
    with path.open("rb") as file:
        head = file.read(BLOCK)
    if head.startswith(OLE_MAGIC):
        # MS-OFFCRYPTO 2.3.1: the stream that holds an encrypted package; names in OLE2 are UTF-16.
        raise complaint("xlsx_encrypted" if "EncryptedPackage".encode("utf-16-le") in head else "xls_old")
    if head.startswith(ZIP_MAGIC):
        return "xlsx"
    if b"\x00" in head or not head.strip():
        raise complaint("file_unknown")
    return "csv"


@dataclass(frozen=True)
class SheetPart:
    """One sheet as the workbook names it."""

    name: str
    visible: bool
    part: str


class Package:
    """An .xlsx whose directory has passed: names, sizes, counts. Parts are read through `blocks` only."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive, self._limits = archive, limits
        self.names = frozenset(info.filename for info in archive.infolist())

    def blocks(self, part: str) -> Generator[bytes, None, None]:
        """The bytes of one XML part in blocks; refused as soon as it holds a `<!` (DOCTYPE, entity, CDATA, comment)."""
        tail = b""
        try:
            with self._archive.open(part) as file:
                while block := file.read(BLOCK):
                    _check_markup(part, tail + block, first=not tail)
                    tail = block[-16:]
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError) as error:
            raise complaint("xlsx_zip", part) from error

    def xml(self, part: str) -> ElementTree.Element:
        """A small part as a tree. Raises Malformed or Refused."""
        if part in self.names and self._archive.getinfo(part).file_size > SMALL_PART:
            raise complaint("xlsx_bomb", part)
        body = b"".join(self.blocks(part))
        try:
            return ElementTree.fromstring(body)  # noqa: S314 (blocks() has refused every DOCTYPE and entity)
        except ElementTree.ParseError as error:
            raise complaint("xlsx_xml", part) from error

    def targets(self, part: str) -> dict[str, str]:
        """Relationship id -> part name for the relationships of `part`. Raises Refused for a target outside."""
        folder, name = posixpath.split(part)
        found: dict[str, str] = {}
        for item in self.xml(f"{folder}/_rels/{name}.rels".lstrip("/")):
            target = item.get("Target", "")
            # Links of a sheet, such as a mail address, are never read here; a workbook's own have no such excuse.
            if item.get("TargetMode") == "External":
                raise complaint("xlsx_external", target[:80])
            found[item.get("Id", "")] = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        return found


def open_package(archive: zipfile.ZipFile, limits: Limits = LIMITS) -> Package:
    """The package behind `archive`, when its directory passes every limit. Raises Refused or Malformed."""
    infos = archive.infolist()
    if len(infos) > limits.members:
        raise complaint("xlsx_bomb", f"{len(infos)} parts")
    total = 0
    for info in infos:
        _check_member(info, limits)
        total += info.file_size
    if total > limits.total:
        raise complaint("xlsx_bomb", f"{total >> 20} MB")
    package = Package(archive, limits)
    if len(package.names) != len(infos):
        raise complaint("xlsx_zip", "duplicate part")
    if not {"[Content_Types].xml", "_rels/.rels"} <= package.names:
        raise complaint("file_unknown")
    _check_content_types(package)
    return package


def _check_member(info: zipfile.ZipInfo, limits: Limits) -> None:
    for pattern, code in FORBIDDEN_PARTS:
        if pattern.search(info.filename):
            raise complaint(code, info.filename)
    if info.flag_bits & 1:
        raise complaint("xlsx_encrypted")
    ceiling = limits.strings if info.filename.lower().endswith("sharedstrings.xml") else limits.member
    swollen = info.file_size > limits.ratio_from and info.file_size > limits.ratio * max(info.compress_size, 1)
    if info.file_size > ceiling or swollen:
        raise complaint("xlsx_bomb", f"{info.filename} {info.file_size >> 20} MB")


def _check_content_types(package: Package) -> None:
    # A renamed .xlsm keeps its content type.
    for item in package.xml("[Content_Types].xml"):
        if "macroenabled" in item.get("ContentType", "").casefold():
            raise complaint("xlsx_macro", item.get("PartName", ""))


def _check_markup(part: str, text: bytes, *, first: bool) -> None:
    if first and (text[:2] in (b"\xff\xfe", b"\xfe\xff") or _declares_other_encoding(text[:200])):
        raise complaint("xlsx_xml", f"{part}: encoding")
    if b"<!" in text:
        entities = re.search(rb"<!\s*(DOCTYPE|ENTITY)", text, re.I)
        raise complaint("xlsx_entities" if entities else "xlsx_xml", part)


def _declares_other_encoding(head: bytes) -> bool:
    declared = re.search(rb"""encoding\s*=\s*["']([^"']*)""", head)
    return declared is not None and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii")


def list_sheets(package: Package, limits: Limits = LIMITS) -> tuple[tuple[SheetPart, ...], bool, dict[str, str]]:
    """The sheets in order, whether days count from 1904, and the parts `styles` and `sharedStrings` where present."""
    root = next((part for part in package.targets("").values() if part.endswith("workbook.xml")), "xl/workbook.xml")
    tree, targets = package.xml(root), package.targets(root)
    sheets = tuple(_sheet_part(item, targets) for item in tree.iter() if _local(item.tag) == "sheet")
    if len(sheets) > limits.sheets:
        raise complaint("too_many_sheets", limits.sheets)
    flags = [item.get("date1904", "0") for item in tree.iter() if _local(item.tag) == "workbookPr"]
    found = {posixpath.basename(part).removesuffix(".xml"): part for part in targets.values()}
    shared = {name: found[name] for name in ("styles", "sharedStrings") if found.get(name) in package.names}
    return tuple(sheet for sheet in sheets if sheet.part), flags[:1] in (["1"], ["true"]), shared


def _sheet_part(item: ElementTree.Element, targets: dict[str, str]) -> SheetPart:
    reference = next((value for name, value in item.attrib.items() if _local(name) == "id"), "")
    part = targets.get(reference, "")
    # A chart sheet has no rows; its part lies elsewhere and is left unread.
    readable = part if "chartsheets/" not in part else ""
    return SheetPart(item.get("name", ""), item.get("state", "visible") == "visible", readable)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
