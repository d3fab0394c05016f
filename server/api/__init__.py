"""The JSON door: ODK Central's resources for projects, forms, app users and submissions, and our own for cases."""

from importlib import import_module

from flask import Flask

NOUNS = (
    "app_users",
    "assignments",
    "attachments",
    "audits",
    "cases",
    "comments",
    "draft_reading",
    "draft_submissions",
    "drafts",
    "exports",
    "form_attachments",
    "form_changes",
    "form_creation",
    "form_versions",
    "forms",
    "odata.service",
    "openapi",
    "people",
    "projects",
    "roles",
    "sessions",
    "set_aside",
    "submission_creation",
    "submission_versions",
    "submissions",
)


def open_api(app: Flask) -> None:
    """The app answers scripts with JSON."""
    from server.api import errors
    from server.api.door import blueprint
    from server.api.openapi import describe

    for noun in NOUNS:
        import_module(f"server.api.{noun}")  # For its routes.
    describe(app).register_blueprint(blueprint)
    errors.register(app)
