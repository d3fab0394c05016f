"""The OpenRosa door: form list, manifest, media and submissions, for tablets that have proved who they are."""
