"""The people's door: pages for designers, caseworkers, supervisors and administrators."""

from importlib import import_module

from flask import Flask

NOUNS = (
    "account",
    "agencies",
    "cases",
    "downloads",
    "drafts",
    "filling",
    "forms",
    "links",
    "offering",
    "overview",
    "people",
    "preview",
    "printing",
    "publishing",
    "sending",
    "set_aside",
    "signing_in",
    "submissions",
    "tablets",
    "trying",
    "versions",
)


def open_desk(app: Flask) -> None:
    """The app, which speaks already, answers people with pages."""
    from server.desk import look, notices, shell
    from server.desk.door import blueprint

    look.draw(app)
    for noun in NOUNS:
        import_module(f"server.desk.{noun}")  # For its routes.
    app.jinja_env.globals.update(csrf_token=shell.csrf_token, get_flashed_messages=notices.told)
    app.register_blueprint(blueprint)
    app.context_processor(shell.shell)
    app.after_request(notices.forget_said)
