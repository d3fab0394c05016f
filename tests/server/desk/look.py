"""An app that draws every page from invented data, so that pages can be looked at before and without the rest."""

from flask import Flask, abort, render_template, request, session

from server.desk.look import close_the_page, dress
from tests.server.desk import pages

ADDRESSES = {
    "overview": "/",
    "sign_in": "/sign-in",
    "sign_out": "/sign-out",
    "sign_out_elsewhere": "/account/sign-out-elsewhere",
    "language": "/language",
    "account": "/account",
    "account_password": "/account/password",
    "join": "/join/<token>",
    "new_password": "/password/<token>",
    "forms": "/forms",
    "publish": "/publish",
    "form": "/forms/<form_id>",
    "form_state": "/form-state/<form_id>",
    "form_close": "/form-state/<form_id>/<state>",
    "form_editable": "/form-editable/<form_id>",
    "form_draft": "/forms/<form_id>/draft",
    "form_version": "/forms/<form_id>/versions/<version>",
    "draft_version": "/forms/<form_id>/versions/<version>/draft",
    **{
        f"draft_{act}": f"/forms/<form_id>/draft/{act}"
        for act in (
            "code",
            "discard",
            "file_remove",
            "files",
            "preview",
            "propose",
            "publish",
            "return",
            "tablet",
            "workbook",
            "xform",
        )
    },
    "print_form": "/forms/<form_id>/print/<version>",
    "form_preview": "/form-versions/<version_id>/preview",
    "form_fill": "/fill/<form_id>",
    "draft_test_trial": "/forms/<form_id>/draft/tests/<test_id>/trial",
    "discard_draft": "/forms/<form_id>/draft/discard-it",
    "submissions": "/submissions",
    "refile": "/submissions/<submission_id>/refile",
    "cases": "/cases",
    "confirm_case": "/cases/<code>/confirm",
    "people": "/people",
    "person_new": "/people/new",
    "person": "/people/<person_id>",
    "person_link": "/people/<person_id>/link",
    "person_enable": "/people/<person_id>/enable",
    "person_disable": "/people/<person_id>/disable",
    "agencies": "/agencies",
    "agency": "/agencies/<agency_id>",
    "tablets": "/tablets",
    "tablet_new": "/tablets/new",
    "tablet": "/tablets/<tablet_id>",
    "tablet_revoke": "/tablets/<tablet_id>/revoke",
}


def look_app() -> Flask:
    """/look/<load>/<page>?language=es draws a page with no data, a day's data, or more than fits."""
    app = Flask("server", static_folder=None)
    app.secret_key = "only for looking"
    app.jinja_env.globals["csrf_token"] = lambda: "a-token"
    dress(app, chosen_language=lambda: request.args.get("language"), zone="America/Belize")
    for endpoint, address in ADDRESSES.items():
        answer = filtered_list if endpoint == "submissions" else not_here
        app.add_url_rule(address, f"desk.{endpoint}", answer, methods=["GET", "POST"])

    @app.get("/look/<load>/<path:page>")
    def look(load: str, page: str) -> str:
        template, view = pages.page(page, load)
        for category, message in view.pop("flashes", []):
            session.setdefault("_flashes", []).append((category, message))
        return render_template(template, **pages.shell(page, load), **view)

    app.after_request(close_the_page)
    return app


def not_here(**_: str) -> str:
    """The app draws pages; nothing stands behind their links."""
    abort(404)


def filtered_list() -> str:
    """The list of submissions as it comes back for the chosen filters."""
    template, view = pages.page("submissions", "normal")
    wanted = request.args.get("filing", "")
    view["submissions"] = [one for one in view["submissions"] if wanted in ("", one.filing)]
    view["filters"] = {"filing": wanted}
    return render_template(template, **pages.shell("submissions", "normal"), **view)
