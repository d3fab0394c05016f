"""Drafts at the desk: kept, compared, tried, proposed, published, thrown away."""

from accounts.projects import get_project
from audit.trail import OPERATOR
from cases.drafting import Upload, draft_form
from server.runtime import clock
from tests.server.desk.office import TALK, checked, words, workbook

SECOND = workbook(
    survey=[
        TALK["survey"][0],
        TALK["survey"][1].replace("alias", "nick", 1),
        TALK["survey"][2].replace("date |", "text |").replace(" person.birthdate", ""),
        *TALK["survey"][3:5],
        *TALK["survey"][6:],
        "text | more | Anything else? | ¿Algo más? | |",
    ],
    choices=TALK["choices"][:3],
    settings=["Invented talk | talk | 2 | other"],
)


def draft(office, markdown=SECOND):
    form = checked(markdown)
    with office.database.begin() as session:
        upload = Upload("talk.md", markdown.encode())
        draft_form(session, form, upload, project_id=get_project(session).id, actor=OPERATOR, now=clock())


def test_a_draft_shows_what_it_changes_before_it_is_published(office):
    office.publish()
    office.receive()
    draft(office)
    desk = office.desk("designer")
    page = words(desk.get("/forms/talk/draft"))
    assert "1 question removed, 3 changed, 1 new" in page
    assert "Name you want to use nick What On tablets now Draft Name alias nick" in page
    assert "New ones come no longer for: Who keeps them? “Which papers are kept?”: the choice “Identity card”" in page
    assert "No question feeds these fields of the case record any more: Date of birth" in page
    assert "1 open case has answers from this form" in page
