#!/bin/sh
# `fieldcase` with the service's settings and as the service's user; copy it to /usr/local/bin/fieldcase and call it as root.
set -eu
set -a
. /etc/fieldcase/fieldcase.env
set +a
exec runuser -u fieldcase -- /opt/fieldcase/.venv/bin/fieldcase "$@"
