"""What a designer has without Fieldcase: pyxform, which stops at its first error, and ODK Validate after it."""

import importlib.util
import io
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert

from tests.xlsforms.corpus.making import Defect

JAR = Path("validators", "odk_validate", "bin", "ODK_Validate.jar")
ONE = re.compile(r"^Validating: (\S+)$", re.MULTILINE)
VALID = "Xform is valid!"


@dataclass(frozen=True)
class Said:
    """Everything that was said of one workbook; "" is nothing."""

    text: str

    def names(self, defect: Defect) -> bool:
        """Whether the words name the row of the mistake, and its column or what stands there."""
        match = re.fullmatch(r"([A-Z]+)(\d+)", defect.cell)
        if match is None:
            return bool(self.text)
        row = re.search(rf"\brow\W*{match[2]}\b", self.text, re.IGNORECASE)
        table = defect.book.get(defect.sheet, [])
        at = sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(match[1]))) - 1
        column = table[0][at].split("::")[0] if table and at < len(table[0]) else ""
        return bool(row and column and column in self.text)


def compiled(books: Mapping[str, bytes]) -> tuple[dict[str, Said], dict[str, str]]:
    """What pyxform says of each workbook (.xlsx), and the XForms of those that it compiles."""
    said, forms = dict[str, Said](), dict[str, str]()
    for name, content in books.items():
        warnings: list[str] = []
        try:
            result = convert(xlsform=io.BytesIO(content), file_type=".xlsx", warnings=warnings)
        except PyXFormError as error:
            said[name] = Said(f"{error}\n" + "\n".join(warnings))
        except Exception as crash:
            said[name] = Said(f"{type(crash).__name__}: {crash}")
        else:
            said[name], forms[name] = Said("\n".join(warnings)), result.xform
    return said, forms


def validated(forms: Mapping[str, str]) -> dict[str, Said]:
    """What ODK Validate says of each XForm, all in one run."""
    package = importlib.util.find_spec("pyxform")
    assert package is not None
    jar = Path(next(iter(package.submodule_search_locations or ()))) / JAR
    with tempfile.TemporaryDirectory() as folder:
        files = {f"{number}.xml": name for number, name in enumerate(forms)}
        for file, name in files.items():
            Path(folder, file).write_text(forms[name], encoding="utf-8")
        run = subprocess.run(
            ["java", "-jar", str(jar), *files], cwd=folder, capture_output=True, text=True, check=False
        )
    parts = ONE.split(run.stdout + run.stderr)[1:]
    told = dict(zip(parts[::2], parts[1::2], strict=True))
    return {files[file]: Said("" if VALID in text else text) for file, text in told.items()}
