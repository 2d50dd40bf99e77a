"""Files that travel with the program: data tables, page templates, database migrations."""

from functools import cache
from pathlib import Path

from certsvc.core.errors import NotReady
from certsvc.core.regions import Region, parse_region_table
from certsvc.core.titles import TitleCatalogue, parse_title_table
from certsvc.core.tracks import Track, by_code, parse_track

_PACKAGE = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """The packaged data file `name`, for example "title_series.csv". Raises NotReady(data_missing)."""
    return _existing(_PACKAGE / "data" / name)


def text(name: str) -> str:
    """The UTF-8 text of a packaged data file, a byte order mark removed. Raises NotReady(data_missing)."""
    return path(name).read_text(encoding="utf-8-sig")


def templates_dir() -> Path:
    """The page and certificate templates. Raises NotReady(data_missing)."""
    return _shipped("templates")


def migrations_dir() -> Path:
    """The Alembic migrations. Raises NotReady(data_missing)."""
    return _shipped("migrations")


@cache
def titles() -> TitleCatalogue:
    """The catalogue of series and titles that ships with this version."""
    return TitleCatalogue(parse_title_table(text("title_series.csv")))


@cache
def regions() -> dict[str, Region]:
    """Code -> region, as shipped with this version. Shared: do not change it."""
    return parse_region_table(text("divisions.csv"))


@cache
def tracks() -> dict[str, Track]:
    """Code -> track, one for each file of data/procedures. Shared: do not change it. Raises Malformed for a wrong file."""
    return by_code(parse_track(file.read_bytes()) for file in path("procedures").glob("*.json"))


def _shipped(name: str) -> Path:
    """A wheel carries the folder inside the package under an underscore; a checkout has it at its top."""
    packaged = _PACKAGE / f"_{name}"
    return packaged if packaged.is_dir() else _existing(_PACKAGE.parent / name)


def _existing(place: Path) -> Path:
    if not place.exists():
        raise NotReady(
            "data_missing",
            f"安装不完整,缺少 {place}",
            f"The installation lacks {place}.",
            "pip install --force-reinstall certsvc",
        )
    return place
