#!/bin/sh
# A backup into a new folder under $1, then away with those older than KEEP_DAYS (35). Run from the top of the checkout.
set -eu
folder="$1/$(date +%Y-%m-%dT%H%M%S)"
"${PYTHON:-python}" manage.py backup "$folder"
# Only after a good one, and only what has the name of one: without new backups the old ones stay.
find "$1" -mindepth 1 -maxdepth 1 -type d -name '????-??-??T??????' -mtime "+${KEEP_DAYS:-35}" -exec rm -rf {} +
