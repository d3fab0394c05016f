"""The tablet made of software, by hand: fill a form, or visit a server."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.collect.building import missing
from tests.collect.faults import KINDS, Faults
from tests.collect.javarosa import FormRefused, JavaRosa
from tests.collect.openrosa import TabletError
from tests.collect.tablet import Tablet


def fill(options: argparse.Namespace) -> None:
    """The instance is on standard output, its files are in the folder."""
    with JavaRosa() as engine:
        answers = json.loads(options.answers)
        form = options.form.resolve()
        filled = engine.fill(form.read_bytes(), answers, options.seed, form.parent, language=options.language)
    sys.stdout.buffer.write(filled.xml + b"\n")
    for name, content in filled.files.items():
        (options.files / name).write_bytes(content)


def visit(options: argparse.Namespace) -> None:
    """The tablet has looked for forms, filled each of them and sent everything, as often as asked."""
    faults = Faults(options.seed, **dict.fromkeys(options.fault, options.often))
    text = Path(options.settings[1:]).read_text() if options.settings.startswith("@") else options.settings
    with (
        JavaRosa() as engine,
        tempfile.TemporaryDirectory() as folder,
        Tablet(Path(folder), seed=options.seed) as tablet,
    ):
        tablet.scan(text.strip())
        print(tablet.sync())
        for number in range(options.count):
            for form in list(tablet.forms):
                tablet.fill(engine, form.form_id, seed=options.seed + number)
        for _ in range(options.tries):
            for outcome in tablet.send(faults if options.fault else None):
                print(outcome)
        if options.journal:
            tablet.journal.write(options.journal)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.collect", description=__doc__)
    acts = parser.add_subparsers(required=True)
    one = acts.add_parser("fill", help="fill one XForm; its media lie beside it")
    one.add_argument("form", type=Path)
    one.add_argument("--answers", default="{}", help="JSON, question name to value")
    one.add_argument("--seed", type=int)
    one.add_argument("--language")
    one.add_argument("--files", type=Path, default=Path(), help="folder for the files of the instance")
    one.set_defaults(act=fill)
    whole = acts.add_parser("visit", help="scan a settings code, download, fill and send everything")
    whole.add_argument("settings", help="the text of the code, or @FILE")
    whole.add_argument("--seed", type=int, default=0)
    whole.add_argument("--count", type=int, default=1, help="instances of each form")
    whole.add_argument("--tries", type=int, default=1, help="how often what is unsent is tried")
    whole.add_argument("--fault", action="append", default=[], choices=KINDS)
    whole.add_argument("--often", type=float, default=0.1, help="probability of each fault")
    whole.add_argument("--journal", type=Path, help="file for what the server acknowledged")
    whole.set_defaults(act=visit)
    options = parser.parse_args()
    try:
        if reason := missing():
            raise SystemExit(reason)
        options.act(options)
    except (FormRefused, TabletError) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
