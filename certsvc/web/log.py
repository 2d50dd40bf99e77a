"""The transparency log as everybody may read it (C2SP tlog-tiles): its checkpoint, hash tiles and entry bundles.

What is served is the published row, never a file beside it. A tile never changes: a partial one is the beginning of
what it grows into, so every width that was ever published can be had for ever. Nothing beyond what is published can.
"""

import logging

from flask import Blueprint, Response, abort
from flask.blueprints import BlueprintSetupState

from certsvc.core.errors import CertsvcError, Malformed
from certsvc.core.tiles import Tile, parse_tile_path
from certsvc.instance import Instance
from certsvc.services.log import check_not_rolled_back
from certsvc.services.log_reading import checkpoint_shown, tile_shown
from certsvc.web import context
from certsvc.web.headers import publish

log = Blueprint("log", __name__, url_prefix="/log")
notices = logging.getLogger("certsvc.web")

#: A checkpoint may be this old in a cache, in seconds; a tile is the same for ever.
KEEP_CHECKPOINT = 5
FOR_EVER = "public, max-age=31536000, immutable"


@log.record_once
def begin(state: BlueprintSetupState) -> None:
    """A log that was rolled back is told at start. Certificates are verified all the same; nothing is signed."""
    instance: Instance | None = state.app.extensions.get(context.KEY)
    try:
        if instance is not None:
            check_not_rolled_back(instance)
    except CertsvcError as error:
        notices.error("not ready: %s", error.code)


@log.get("/checkpoint")
def checkpoint() -> Response:
    """The newest checkpoint with all its signatures. 503 when the database is behind what was shown before."""
    note = checkpoint_shown(context.instance())
    if note is None:
        abort(404)
    return publish(Response(note, content_type="text/plain; charset=utf-8"), KEEP_CHECKPOINT)


@log.get("/tile/<path:place>", merge_slashes=False)
def tile(place: str) -> Response:
    """The tile or entry bundle of that name; 400 for what is no name of one, 404 for one that is not published."""
    data = tile_shown(context.instance(), _named(place))
    if data is None:
        abort(404)
    response = publish(Response(data, content_type="application/octet-stream"), 0)
    response.headers["Cache-Control"] = FOR_EVER
    return response


def _named(place: str) -> Tile:
    try:
        return parse_tile_path(f"tile/{place}")
    except Malformed:
        abort(400)
