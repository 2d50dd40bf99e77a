"""The log as a mirror or monitor reads it: paths, headers, what is not served, and that nothing served ever changes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from log_for_tests import LogHome, build_log_home, leaf, log_template, root_from_scratch
from world_for_tests import opened

from certsvc.app import create_app
from certsvc.core.checkpoint import parse_head
from certsvc.core.note import parse_note
from certsvc.core.tiles import ENTRIES, Tile, decode_entries, tile_path, tiles_at
from certsvc.services import high_water, log
from certsvc.store import log as log_store
from certsvc.web.context import READER

#: Fixtures of log_for_tests.
__all__ = ["log_template"]


@pytest.fixture
def home(log_template: Path, tmp_path: Path) -> Iterator[LogHome]:
    with opened(Path(shutil.copytree(log_template, tmp_path / "home"))) as instance:
        yield LogHome(instance, None)


@pytest.fixture
def reader(home: LogHome) -> Iterator[FlaskClient]:
    app = create_app(home.instance)
    yield app.test_client()
    app.extensions[READER].close()


def grow(home: LogHome, start: int, end: int) -> None:
    home.put(range(start, end))
    log.sequence(home.instance)


def test_the_checkpoint_is_a_signed_note_of_the_published_size(home: LogHome, reader: FlaskClient) -> None:
    grow(home, 0, 3)
    answer = reader.get("/log/checkpoint")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    head = parse_head(parse_note(answer.data).text)
    assert (head.origin, head.size, head.root) == ("sample.invalid/log", 3, root_from_scratch(home.entries()))
    assert answer.headers["Cache-Control"] == "public, max-age=5, stale-if-error=5"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    again = reader.get("/log/checkpoint", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    grow(home, 3, 4)
    assert reader.get("/log/checkpoint", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200


def test_the_checkpoint_carries_the_newest_line_of_each_witness(home: LogHome, reader: FlaskClient) -> None:
    grow(home, 0, 1)
    with home.instance.engines.write.begin() as connection:
        for line in ("— b AAAAAAAA\n", "— b AAAAAAAB\n"):
            log_store.put_cosignature(connection, 1, "b", line)
        log_store.put_cosignature(connection, 1, "a", "— a AAAAAAAA\n")
    assert reader.get("/log/checkpoint").text.endswith("\n— a AAAAAAAA\n— b AAAAAAAB\n")


def test_every_tile_of_every_published_size_is_served_for_ever_the_same(home: LogHome, reader: FlaskClient) -> None:
    seen: dict[str, bytes] = {}
    for start, end in ((0, 3), (3, 255), (255, 256), (256, 300), (300, 520)):
        grow(home, start, end)
        tiles = list(tiles_at(end))
        for tile in tiles + [Tile(ENTRIES, tile.n, tile.width) for tile in tiles if tile.level == 0]:
            answer = reader.get(f"/log/{tile_path(tile)}")
            assert (answer.status_code, answer.content_type) == (200, "application/octet-stream")
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["ETag"]
            seen.setdefault(tile_path(tile), answer.data)
    assert {name: reader.get(f"/log/{name}").data for name in seen} == seen
    entries = [
        decode_entries(seen[f"tile/entries/{name}"], width)
        for name, width in (("000", 256), ("001", 256), ("002.p/8", 8))
    ]
    assert sorted(entry for part in entries for entry in part) == sorted(leaf(number) for number in range(520))
    assert len(seen["tile/0/001"]) == 8192


NOT_SERVED = {
    "a tile beyond": "0/002",
    "a wider partial": "0/001.p/45",
    "a full tile that is partial yet": "0/001",
    "a bundle beyond": "entries/001.p/45",
    "a level beyond": "2/000.p/1",
    "a higher level that is not full": "1/000",
    "far beyond": "0/x999/x999/999",
}
MALFORMED = {
    "no group of three": "0/1",
    "a leading zero of the level": "00/000",
    "groups without x": "0/001/000",
    "an x too many": "0/x000/000",
    "no width": "0/000.p/0",
    "the width of a full tile": "0/000.p/256",
    "a leading zero of the width": "0/000.p/01",
    "a level that cannot be": "64/000",
    "an empty part": "0//000",
    "a way up": "0/../000",
    "a word": "x",
}


@pytest.fixture
def three_hundred(home: LogHome) -> LogHome:
    grow(home, 0, 300)
    # Integrated and not published: nobody may see these.
    home.put(range(300, 600))
    log.integrate(home.instance)
    return home


@pytest.mark.parametrize("place", NOT_SERVED.values(), ids=NOT_SERVED.keys())
def test_nothing_beyond_the_published_size_is_served(three_hundred: LogHome, reader: FlaskClient, place: str) -> None:
    answer = reader.get(f"/log/tile/{place}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert reader.get("/log/tile/0/001.p/44").status_code == 200


@pytest.mark.parametrize("place", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_path_is_a_bad_request(three_hundred: LogHome, reader: FlaskClient, place: str) -> None:
    assert reader.get(f"/log/tile/{place}").status_code == 400


def test_a_log_that_was_rolled_back_shows_no_smaller_checkpoint(
    three_hundred: LogHome, caplog: pytest.LogCaptureFixture
) -> None:
    mark = high_water.read(three_hundred.home)
    assert mark is not None
    (three_hundred.home / high_water.FILE).write_text("sample.invalid/log\n900\n" + "A" * 43 + "=\n")
    app = create_app(three_hundred.instance)
    assert "not ready: log_rolled_back" in caplog.text
    client = app.test_client()
    assert client.get("/log/checkpoint").status_code == 503
    # What was published stays true, and certificates are still verified.
    assert client.get("/log/tile/0/000").status_code == 200
    assert client.get("/healthz").status_code == 200
    app.extensions[READER].close()


def test_a_log_without_a_checkpoint_has_none_to_show(tmp_path: Path) -> None:
    build_log_home(tmp_path / "home")
    with opened(tmp_path / "home") as instance:
        app = create_app(instance)
        client = app.test_client()
        assert client.get("/log/checkpoint").status_code == 404
        assert client.get("/log/tile/0/000").status_code == 404
        app.extensions[READER].close()


def test_a_mirror_is_not_slowed_down_by_the_rates_of_pages(three_hundred: LogHome, reader: FlaskClient) -> None:
    codes = {reader.get("/log/tile/entries/000").status_code for _ in range(1300)}
    assert codes == {200}
