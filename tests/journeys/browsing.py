"""A server as a process of its own, a real browser before it, and the tablet made of software beside it."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import need

FIELDCASE = Path(sys.executable).with_name("fieldcase")
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "four unrelated invented words"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@dataclass
class House:
    """An installation in a folder of its own, with `fieldcase serve` at its door."""

    folder: Path
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[str] | None = None
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"FIELDCASE_DATA_DIR": str(self.folder / "data"), "FIELDCASE_PORT": str(self.port)}
        return {**os.environ, **own, "FIELDCASE_DOORS": "tablet,desk"}

    def command(self, *words: str, typed: str = "") -> Any:
        """What a command tells in JSON."""
        command = [str(FIELDCASE), *words, "--json"]
        run = subprocess.run(
            command, env=self.environment, input=typed, capture_output=True, text=True, check=False, timeout=120
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return json.loads(run.stdout)

    def start(self) -> None:
        """The doors are open; what `serve` said is kept."""
        self.command("init")
        with (self.folder / "serve.log").open("w") as log:
            self.process = subprocess.Popen(
                [str(FIELDCASE), "serve", "--json"], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        lines: list[str] = []
        assert self.process.stdout is not None
        while not lines or lines[-1] != "}\n":
            lines.append(self.process.stdout.readline())
            assert lines[-1], (self.folder / "serve.log").read_text()
        self.said = json.loads("".join(lines))

    def stop(self) -> None:
        """The server has ended as it should, and nothing failed in it."""
        if self.process is not None and self.process.stdout is not None:
            self.process.terminate()
            assert self.process.wait(timeout=60) == 0
            self.process.stdout.close()
            assert "Traceback" not in (self.folder / "serve.log").read_text()

    def add_person(self, email: str, *roles: str) -> None:
        """Somebody who signs in with PASSWORD."""
        named = ["person", "add", email, "--name", "Invented Person", "--password-stdin"]
        self.command(*named, *(word for role in roles for word in ("--role", role)), typed=f"{PASSWORD}\n")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    need(CHROMIUM, "chromium", "apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page that is watched: what the browser complains of is a failure."""

    page: Page
    context: BrowserContext
    complaints: list[str]


def watched(browser: Browser, size: dict[str, int] = DESK, language: str = "en") -> Watched:
    """A new browser window with nothing in it."""
    context = browser.new_context(viewport=size, locale=language)  # type: ignore[arg-type]
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return Watched(page, context, complaints)


def barriers(page: Page) -> list[str]:
    """What axe-core finds, one line each: the rule, what it says, and where."""
    found = Axe().run(page).response["violations"]
    return [f"{page.url}: {rule['id']}: {rule['help']}: {node['target']}" for rule in found for node in rule["nodes"]]


def too_wide(page: Page) -> list[str]:
    """What makes the page wider than the screen."""
    return list(
        page.evaluate(
            """() => {
                const screen = document.documentElement;
                if (screen.scrollWidth <= screen.clientWidth) return [];
                const out = [...document.querySelectorAll("body *")];
                return out.filter(one => one.getBoundingClientRect().right > screen.clientWidth)
                    .map(one => `${location.pathname}: ${one.outerHTML.slice(0, 120)}`).slice(-3);
            }"""
        )
    )


def scan(page: Page) -> str:
    """What a camera reads from the QR code on the page."""
    import zxingcpp

    picture = page.locator(".fc-qr__code").screenshot(type="png")
    found = zxingcpp.read_barcodes(grey(picture))
    assert len(found) == 1
    return str(found[0].text)


def grey(png: bytes) -> memoryview:
    """The picture's brightness, row by row, of a PNG with 8 bits a channel (RFC 2083)."""
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks[kind] = chunks.get(kind, b"") + png[at + 8 : at + 8 + length]
        at += 12 + length
    width, height, _depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    across = {2: 3, 6: 4}[colour]
    data, stride = zlib.decompress(chunks[b"IDAT"]), width * across
    rows, above = bytearray(), bytearray(stride)
    for number in range(height):
        begin = number * (stride + 1)
        above = _unfiltered(data[begin], bytearray(data[begin + 1 : begin + 1 + stride]), above, across)
        rows += above[1::across]  # Green is near enough to brightness.
    return memoryview(bytes(rows)).cast("B", (height, width))


def _unfiltered(kind: int, row: bytearray, above: bytearray, across: int) -> bytearray:
    for i in range(len(row)):
        left = row[i - across] if i >= across else 0
        corner = above[i - across] if i >= across else 0
        up = above[i]
        if kind == 1:
            row[i] = (row[i] + left) & 255
        elif kind == 2:
            row[i] = (row[i] + up) & 255
        elif kind == 3:
            row[i] = (row[i] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
            row[i] = (row[i] + near[2]) & 255
    return row


def sign_in(page: Page, house: House, email: str) -> None:
    """The page is the overview of this person."""
    page.goto(f"{house.address}/sign-in")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{house.address}/")


def choose(page: Page, label: str, *files: Path) -> None:
    """The files are chosen as people choose them: by the button and the browser's own window."""
    with page.expect_file_chooser() as window:
        page.get_by_label(label).click()
    window.value.set_files(list(files))
