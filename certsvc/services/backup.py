"""Backup and restore: one tar with the home, a consistent copy of the database, and the keys only when asked.

The manifest stands first and names every file with its SHA-256, so a damaged backup is refused before anything is
written. Without keys a backup may be kept less strictly: names in it are readable, identity numbers stay sealed.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from certsvc import __version__
from certsvc.core.errors import Malformed, NotReady
from certsvc.instance import SETTINGS, check_key_modes, database_url, read_settings
from certsvc.store.copy import FILE_NAMES, copy_database, restore_database

MANIFEST = "backup.json"
FORMAT = "certsvc-backup/1"
#: What a demo writes anew, what the copy of the database stands for, and the mark of the log: a copy of that would
#: say that a restored database is the newest.
LEFT_OUT = ("demo", "certsvc.sqlite3", "certsvc.sqlite3-wal", "certsvc.sqlite3-shm", "log-high-water")
KEYS = "keys"


def back_up(home: Path, output: Path, with_keys: bool) -> list[str]:
    """Writes the backup with mode 0600 and gives back the names in it. Raises NotReady; never overwrites."""
    read_settings(home)
    if output.exists():
        raise NotReady("backup_exists", f"{output} 已存在,不会覆盖", f"{output} exists and is never overwritten.")
    with tempfile.TemporaryDirectory(dir=output.resolve().parent, prefix=".certsvc-backup-") as draft:
        # The database first: a key that is made meanwhile is then in the copy of the keys at least.
        copy = copy_database(database_url(home), Path(draft))
        files = {copy.name: copy, **dict(_files(home, with_keys))}
        manifest = {
            "format": FORMAT,
            "certsvc": __version__,
            "with_keys": with_keys,
            "files": {name: _sha256(path) for name, path in files.items()},
        }
        listing = Path(draft) / MANIFEST
        listing.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial = Path(draft) / "backup.tar"
        _write_tar(partial, {MANIFEST: listing, **files})
        os.link(partial, output)
    return list(files)


def _files(home: Path, with_keys: bool) -> Iterator[tuple[str, Path]]:
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        top = name.partition("/")[0]
        if path.is_file() and not path.is_symlink() and top not in LEFT_OUT and (with_keys or top != KEYS):
            yield name, path


def _write_tar(target: Path, files: dict[str, Path]) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in files.items():
            member = tar.gettarinfo(path, arcname=name)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            with path.open("rb") as content:
                tar.addfile(member, content)


def restore(backup: Path, home: Path) -> bool:
    """Makes `home` from a backup; True if its keys came with it. Raises NotReady, Malformed; never overwrites."""
    if home.exists() and any(home.iterdir()):
        zh, en = f"{home} 已存在,不会覆盖", f"{home} exists and is never overwritten."
        raise NotReady("home_exists", zh, en, f"certsvc restore {backup} --home ANOTHER")
    draft = home.with_name(home.name + ".restoring")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        manifest = _unpack(backup, draft)
        copy = next(draft / name for name in FILE_NAMES.values() if (draft / name).exists())
        (draft / KEYS).mkdir(mode=0o700, exist_ok=True)
        (draft / KEYS).chmod(0o700)
        check_key_modes(draft)
        if home.exists():
            home.rmdir()
        restore_database(database_url_in(draft, home), copy)
        copy.unlink()
        draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return bool(manifest["with_keys"])


def database_url_in(draft: Path, home: Path) -> str:
    """Where the database is written: beside the other files for SQLite, so that all of it moves at once."""
    url = database_url(home)
    return database_url(draft) if url == f"sqlite:///{home / 'certsvc.sqlite3'}" else url


def _unpack(backup: Path, target: Path) -> dict[str, object]:
    """Unpacks what the manifest names and nothing else, each file with the hash that it states."""
    try:
        with tarfile.open(backup) as tar:
            manifest = _manifest(tar)
            files = dict(manifest["files"])  # type: ignore[call-overload]
            for member in tar:
                if member.name == MANIFEST:
                    continue
                if member.name not in files or not member.isreg():
                    raise _broken(f"{member.name} is not in its manifest")
                tar.extract(member, target, filter="data")
                if _sha256(target / member.name) != files.pop(member.name):
                    raise _broken(f"{member.name} is damaged")
    except (tarfile.TarError, OSError, KeyError, ValueError, TypeError) as error:
        raise _broken(str(error)) from error
    if files or not (target / SETTINGS).is_file():
        raise _broken("files are missing")
    return manifest


def _manifest(tar: tarfile.TarFile) -> dict[str, object]:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    value = json.loads(content.read()) if content is not None else {}
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise _broken("it has no manifest")
    return value


def _broken(why: str) -> Malformed:
    return Malformed("backup_broken", "不是完好的 certsvc 备份", f"Not a sound backup of certsvc: {why}.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
