"""The WSGI entry: `granian --interface wsgi wsgi:app` serves the instance in CERTSVC_HOME."""

import threading

from certsvc.app import create_app
from certsvc.instance import open_instance
from certsvc.web.context import READER

app = create_app(open_instance())
# The first upload should not wait for the reader's process to start.
threading.Thread(target=app.extensions[READER].warm_up, name="warm-up", daemon=True).start()
