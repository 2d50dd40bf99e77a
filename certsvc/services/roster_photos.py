"""Photos for a whole roster, from a list that names rows and files, so that no file name holds an ID number."""

import csv
from dataclasses import dataclass
from pathlib import Path

from certsvc.core.errors import CertsvcError, Malformed
from certsvc.instance import Instance
from certsvc.services import private
from certsvc.services.overview import entries_at
from certsvc.services.photo import add_photo
from certsvc.store import rosters as roster_store

COLUMNS = ("row", "file")
#: What is read of one file at most; the picture itself is limited in pixels.
MAX_BYTES = 10 * 2**20


@dataclass(frozen=True)
class PhotoFault:
    """A line of the list that could not be used."""

    row: str
    file: str
    zh: str
    en: str


def add_photos(instance: Instance, roster_id: str, listing: Path) -> tuple[int, list[PhotoFault]]:
    """Keeps the photo of every line; returns how many, and the lines that failed. Raises Malformed for a wrong header.

    `listing` is a CSV with the columns row and file: the row as the spreadsheet shows it ("12", or "sheet:12"), the
    file beside the CSV. Each photo is checked and kept by itself, so the list may be corrected and run again.
    """
    kept, faults = 0, []
    for row, file in _lines(listing):
        try:
            _add(instance, roster_id, row, listing.parent, file)
            kept += 1
        except CertsvcError as error:
            faults.append(PhotoFault(row, file, error.zh, error.en))
        except OSError as error:
            faults.append(PhotoFault(row, file, "文件无法读取", error.strerror or "The file cannot be read."))
    return kept, faults


def _lines(listing: Path) -> list[tuple[str, str]]:
    with listing.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise Malformed("photo_list", "列表首行应为 row,file", "The first line of the list must be row,file.")
        return [(str(line["row"] or "").strip(), str(line["file"] or "").strip()) for line in reader]


def _add(instance: Instance, roster_id: str, row: str, folder: Path, file: str) -> None:
    (entry_id,) = entries_at(instance, roster_id, (row,))
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Malformed("photo_place", "照片须在列表所在目录内", "Photos must lie in the folder of the list.")
    with path.open("rb") as photo:
        data = photo.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Malformed("photo_size", "照片文件超过 10 MB", "A photo is larger than 10 MB.")
    with instance.engines.read.connect() as connection:
        entry = roster_store.find_entry(connection, entry_id)
        if entry is None:
            raise LookupError(entry_id)
        number = private.personal_of(instance, connection, entry, 1).values["id"]
    add_photo(instance, number, data)
