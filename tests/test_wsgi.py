"""The application as any WSGI server would load it."""

import runpy

from click.testing import CliRunner
from flask import Flask

from server.cli import main
from tests.tree import ROOT


def test_another_wsgi_server_finds_an_application_that_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDCASE_DATA_DIR", str(tmp_path / "data"))
    assert CliRunner().invoke(main, ["init"]).exit_code == 0
    application = runpy.run_path(str(ROOT / "wsgi.py"))["application"]
    assert isinstance(application, Flask)
    assert application.test_client().get("/healthz").data == b"ok\n"
    running = application.extensions["fieldcase"]
    assert running.unlocked
    assert CliRunner().invoke(main, ["key", "lock"]).exit_code == 0
    assert not running.unlocked
    running.close()
