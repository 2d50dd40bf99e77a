"""The highest tree head that this home ever signed, kept outside the database (log.md 2.3 #10).

A database that comes out of a backup or a snapshot does not know what was signed afterwards. Whoever then goes on
signing forks the log, which no witness and no holder of a proof forgives. So the head is written down before it is
signed, is never lowered, stays out of backups, and a database that does not begin with it signs nothing.
"""

import os
from pathlib import Path

from certsvc.core.checkpoint import Head, format_head, parse_head
from certsvc.core.errors import Malformed, NotReady

FILE = "log-high-water"
RECOVER = "certsvc log recover MIRROR"


def read(home: Path) -> Head | None:
    """The head, or None where nothing was signed. Raises NotReady for a file that is not ours."""
    try:
        return parse_head((home / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (Malformed, UnicodeDecodeError) as error:
        zh, en = f"{home / FILE} 已损坏", f"{home / FILE} is damaged."
        raise NotReady("log_high_water", zh, en, RECOVER) from error


def keep(home: Path, head: Head) -> None:
    """Writes the head down durably. Raises NotReady if it cannot be written: then nothing may be signed."""
    try:
        write_durably(home / FILE, format_head(head).encode())
    except OSError as error:
        zh, en = f"无法写入 {home / FILE}", f"{home / FILE} cannot be written: {error.strerror}."
        raise NotReady("log_high_water", zh, en, "certsvc doctor") from error


def write_durably(path: Path, data: bytes) -> None:
    """Replaces a file: its new bytes are there, also after a power failure."""
    write_whole(path, data)
    sync_folder(path.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Replaces a file: its old or its new bytes are there, never half of them; the new ones once the folder is synced."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
