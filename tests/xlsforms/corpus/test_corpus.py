"""Mistakes that designers make are found, at their cell, and clean forms are left in peace."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.conftest import need
from tests.proofs.rig import at
from tests.xlsforms.books import xlsx
from tests.xlsforms.corpus import baseline
from tests.xlsforms.corpus.bases import BASES
from tests.xlsforms.corpus.defects import defects
from tests.xlsforms.corpus.judging import Verdict, alarms, findings, judge, of_rules
from tests.xlsforms.corpus.making import Defect, markdown
from xlsforms.findings import Finding

CLEAN = Path(__file__).parent / "clean"
SHIPPED = Path(__file__).resolve().parents[3] / "xlsforms/questionnaires"
FORMS = sorted(path for path in CLEAN.iterdir() if path.suffix in (".xls", ".xlsx", ".csv") and path.stem != "true")
EVERY = at(1, 30)  # Of the corpus, so many are checked whole: with pyxform in its child and ODK Validate.
DEFECTS = tuple(defects())
# pyxform warns of these too.
PYXFORM_SAYS = frozenset(
    {"language-code", "or-other", "image-without-max-pixels", "choice-without-label", "repeat-without-label"}
)


def checked(defect: Defect, say: Callable[..., Iterable[Finding]] = findings) -> Verdict:
    name = "no name.md" if "file name that is none" in defect.name else "form.md"
    return judge(defect, say(markdown(defect.book).encode(), name, defect.files))


def true_alarms() -> set[tuple[str, str]]:
    with (CLEAN / "true.csv").open(encoding="utf-8") as file:
        return {(row["file"], row["code"]) for row in csv.DictReader(file)}


def false_alarms(path: Path) -> list[Finding]:
    """What is said of a clean form though neither pyxform says so itself nor the list of what is true."""
    said = alarms(findings(path.read_bytes(), path.name, ()))
    return [one for one in said if (path.name, one.code) not in true_alarms() and one.code not in PYXFORM_SAYS]


def test_the_corpus_has_at_least_two_hundred_defects_each_of_one_change():
    assert len(DEFECTS) >= 200
    assert Counter(one.name for one in DEFECTS).most_common(1)[0][1] == 1
    assert all(one.book != BASES[one.base] for one in DEFECTS)


@pytest.mark.parametrize("name", sorted(BASES))
def test_the_forms_that_defects_are_made_in_are_clean(name):
    found = findings(markdown(BASES[name]).encode(), f"{name}.md", ("places.csv",) if name == "roster" else ())
    assert [(one.code, one.cell) for one in alarms(found)] == []


def without_fieldcase(chosen: tuple[Defect, ...]) -> dict[str, baseline.Said]:
    """What pyxform says of each workbook, and ODK Validate of what came out."""
    said, xforms = baseline.compiled({one.name: xlsx(one.book) for one in chosen})
    judged = baseline.validated(xforms)
    return {name: baseline.Said(one.text + judged.get(name, baseline.Said("")).text) for name, one in said.items()}


def test_our_own_rules_find_defects_at_their_cell_before_anything_is_compiled():
    verdicts = [checked(one, of_rules) for one in DEFECTS]
    missed = [(one.defect.name, one.defect.sheet, one.defect.cell, one.said) for one in verdicts if not one.located]
    assert sum(one.found for one in verdicts) >= 0.95 * len(DEFECTS), missed
    assert len(missed) <= 0.1 * len(DEFECTS), missed


@pytest.mark.proof
@pytest.mark.timeout(at(7200, 900))
def test_defects_are_found_at_their_cell_and_clean_forms_are_left_in_peace(record_property):
    need(shutil.which("java"), "java", "apt-get install default-jdk-headless")
    chosen = DEFECTS[::EVERY]
    verdicts = [checked(one) for one in chosen]
    theirs = without_fieldcase(chosen)
    found = sum(one.found for one in verdicts) / len(chosen)
    located = sum(one.located for one in verdicts) / len(chosen)
    theirs_found = sum(bool(one.text) for one in theirs.values()) / len(chosen)
    theirs_located = sum(theirs[one.name].names(one) for one in chosen) / len(chosen)
    record_property("workbooks with one defect", len(chosen))
    record_property("found", f"{found:.1%}; by pyxform and ODK Validate {theirs_found:.1%}")
    record_property("found with the exact cell", f"{located:.1%}; by pyxform and ODK Validate {theirs_located:.1%}")
    forms = FORMS[:: at(1, 8)]
    alarmed = {path.name: false_alarms(path) for path in forms}
    false = sum(map(len, alarmed.values()))
    record_property("false alarms for a clean form", f"{false / len(forms):.2f} ({false} in {len(forms)} forms)")
    missed = [(one.defect.name, one.defect.sheet, one.defect.cell, one.said) for one in verdicts if not one.located]
    assert found >= 0.95, missed
    assert located >= 0.90, missed
    assert false / len(forms) < 0.2, alarmed
