"""Where an audit reads a log: a mirror's folder or any web server (C2SP tlog-tiles), with time-outs and size limits."""

import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from certsvc.core.errors import Malformed, NotFound, NotReady
from certsvc.core.tiles import Tile, parse_tile_path, tile_path

CHECKPOINT, CHECKPOINTS = "checkpoint", "checkpoints"
#: Seconds of silence after which a server is given up; pauses before the same question is asked again.
PATIENCE = 10.0
PAUSES = (1.0, 5.0)
#: Answers that may be another one a moment later: too many questions, and troubles of a server.
PASSING = (429, 500, 502, 503, 504)


class Source(Protocol):
    """A log as somebody serves it. Nothing that it gives is believed."""

    @property
    def name(self) -> str: ...

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes at `path`, at most `limit` + 1 of them; None if there are none. Raises NotReady(log_unreadable)."""

    def widths(self, tile: Tile) -> Iterable[int]:
        """In which partial widths the tile is there besides, as far as the source can tell."""

    def checkpoint_sizes(self) -> list[int]:
        """Sizes of the older checkpoints that are there, as far as the source can tell, smallest first."""


def open_source(where: str) -> Source:
    """The source at an http(s) address or in a folder. Raises NotFound(log_missing) for neither."""
    if urlsplit(where).scheme in ("http", "https"):
        return WebSource(where.rstrip("/"))
    if not Path(where).is_dir():
        zh, en = f"{where} 既不是网址也不是镜像目录", f"{where} is neither an address nor a mirror's folder."
        raise NotFound("log_missing", zh, en, "certsvc log audit https://HOST/log")
    return FolderSource(Path(where))


def read_document(where: str, limit: int) -> bytes:
    """A file, or what stands at an address. Raises NotReady(log_unreadable), Malformed(document_size)."""
    if urlsplit(where).scheme in ("http", "https"):
        data = _fetch(where, limit)
    else:
        path = Path(where)
        data = FolderSource(path.parent).read(path.name, limit)
    if data is None:
        raise unreadable(where, "there is nothing")
    if len(data) > limit:
        raise Malformed("document_size", f"{where} 过大", f"{where} is larger than {limit} bytes.")
    return data


def checkpoint_path(size: int) -> str:
    """Where a mirror keeps an older checkpoint: grouped as the paths of tiles are."""
    return tile_path(Tile(0, size)).replace("tile/0", CHECKPOINTS, 1)


@dataclass(frozen=True)
class FolderSource:
    """A folder that `certsvc log export` wrote, or one like it."""

    folder: Path

    @property
    def name(self) -> str:
        return str(self.folder.resolve())

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            with (self.folder / path).open("rb") as file:
                return file.read(limit + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(str(self.folder / path), error.strerror or str(error)) from error

    def widths(self, tile: Tile) -> Iterable[int]:
        place = self.folder / (tile_path(Tile(tile.level, tile.n)) + ".p")
        names = (path.name for path in place.iterdir()) if place.is_dir() else ()
        return sorted(int(name) for name in names if name.isascii() and name.isdecimal())

    def checkpoint_sizes(self) -> list[int]:
        found = []
        for path in (self.folder / CHECKPOINTS).rglob("[0-9][0-9][0-9]"):
            name = path.relative_to(self.folder / CHECKPOINTS).as_posix()
            try:
                found.append(parse_tile_path(f"tile/0/{name}").n)
            except Malformed:
                continue
        return sorted(found)


@dataclass(frozen=True)
class WebSource:
    """A log at an address. It cannot be asked for what it does not name: older widths and checkpoints."""

    url: str

    @property
    def name(self) -> str:
        return self.url

    def read(self, path: str, limit: int) -> bytes | None:
        return _fetch(f"{self.url}/{path}", limit)

    def widths(self, tile: Tile) -> Iterable[int]:
        return ()

    def checkpoint_sizes(self) -> list[int]:
        return []


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Nowhere: whoever audits an address audits that address."""


_OPENER = build_opener(_NoRedirect)


def _fetch(url: str, limit: int) -> bytes | None:
    for pause in (*PAUSES, None):
        try:
            return _fetch_once(url, limit)
        except HTTPError as error:
            with error:
                if error.code in (404, 410):
                    return None
                if pause is None or error.code not in PASSING:
                    raise unreadable(url, f"HTTP {error.code}") from error
        except (URLError, HTTPException, OSError, ValueError) as error:
            if pause is None:
                raise unreadable(url, str(error)) from error
        time.sleep(pause)
    raise AssertionError(url)


def _fetch_once(url: str, limit: int) -> bytes:
    request = Request(url, headers={"Accept-Encoding": "gzip, identity"})  # noqa: S310
    with _OPENER.open(request, timeout=PATIENCE) as answer:
        if answer.headers.get("Content-Encoding", "identity") != "gzip":
            return bytes(answer.read(limit + 1))
        # Hashes do not compress: the packed form may be a little longer.
        data = answer.read(limit + limit // 100 + 1024)
    try:
        return zlib.decompressobj(31).decompress(data, limit + 1)
    except zlib.error as error:
        raise ValueError("the answer is not gzip") from error


def unreadable(where: str, why: str) -> NotReady:
    return NotReady("log_unreadable", f"无法读取 {where}", f"{where} could not be read: {why}.")
