"""What a view needs of the application around it: the open instance and what every page says about it."""

from typing import cast

from flask import current_app

from certsvc.instance import Instance
from certsvc.web.pages import Site
from certsvc.web.reading import FileReader

KEY = "certsvc"
READER = "certsvc.reader"


def instance() -> Instance:
    """The instance that this application serves."""
    return cast(Instance, current_app.extensions[KEY])


def reader() -> FileReader:
    """The reader of strangers' files."""
    return cast(FileReader, current_app.extensions[READER])


def site() -> Site:
    """Host and band of every page. The host is the configured one, never the request's (threats.md 2.8 H19)."""
    inst = instance()
    test = any(anchor.test for anchor in inst.anchors)
    return Site(inst.host, "demo" if inst.demo else "test" if test else None)
