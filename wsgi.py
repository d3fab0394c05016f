"""The application for a WSGI server of your own choice, beside `fieldcase worker`; `fieldcase serve` needs none.

Each process that answers has to load it by itself (gunicorn without `--preload`), so that lock and unlock reach each.
"""

from server.app import create_app
from server.control import under_control
from server.runtime import open_runtime
from server.settings import read_settings

running = open_runtime(read_settings())
application = create_app(running=running)
under_control(running)
