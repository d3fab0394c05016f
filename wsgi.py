"""The application for a WSGI server of your own choice, beside `fieldcase worker`; `fieldcase serve` needs none."""

from server.app import create_app

application = create_app()
