"""Drafts at the desk: kept, compared, tried, proposed, published, thrown away."""

from tests.server.desk.office import words


def test_a_draft_shows_what_it_changes_before_it_is_published(office):
    office.publish()
    office.receive()
    office.draft()
    desk = office.desk("designer")
    page = words(desk.get("/forms/talk/draft"))
    assert "1 question removed, 3 changed, 1 new" in page
    assert "Name you want to use nick What On tablets now Draft Name alias nick" in page
    assert "New ones come no longer for: Who keeps them? “Which papers are kept?”: the choice “Identity card”" in page
    assert "No question feeds these fields of the case record any more: Date of birth" in page
    assert "1 open case has answers from this form" in page
