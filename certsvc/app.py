"""The web application around one open instance."""

from io import BytesIO

from flask import Flask, Request

from certsvc.instance import Instance
from certsvc.web import context, errors, headers, limits
from certsvc.web.api import api
from certsvc.web.claim import claim
from certsvc.web.log import log
from certsvc.web.public import public
from certsvc.web.reading import FileReader
from certsvc.web.wellknown import wellknown


class MemoryRequest(Request):
    """A request whose uploads stay in memory: what strangers send for checking never touches a disk (threats.md 5)."""

    def _get_file_stream(self, *args: object, **kwargs: object) -> BytesIO:
        return BytesIO()


def create_app(instance: Instance) -> Flask:
    """The WSGI application that serves `instance`. Raises NotReady for settings that cannot work."""
    app = Flask("certsvc", static_folder=None, template_folder=None)
    app.request_class = MemoryRequest
    app.extensions[context.KEY] = instance
    app.extensions[context.READER] = FileReader(
        limits.READERS, limits.READ_SECONDS, limits.QUEUE_SECONDS, limits.READ_MEMORY
    )
    headers.init(app)
    limits.init(app)
    errors.init(app)
    for blueprint in (public, api, wellknown, claim, log):
        app.register_blueprint(blueprint)
    limits.check_table(app)
    return app
