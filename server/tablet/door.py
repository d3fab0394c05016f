"""The tablet door's blueprint and the two addresses that it answers at."""

from flask import Blueprint

blueprint = Blueprint("tablet", __name__)

# With the tablet's secret in the path, or with Basic authentication over https.
PLACES = ("/v1/key/<secret>/projects/<int:project_id>", "/v1/projects/<int:project_id>")
