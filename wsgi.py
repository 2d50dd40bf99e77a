"""The WSGI entry for any server: `granian --interface wsgi wsgi:app` serves the instance in CERTSVC_HOME."""

from certsvc.cli.serving import make_app

app = make_app()
