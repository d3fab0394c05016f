"""The systemd units of deploy/: whole, hardened, and such that Fieldcase runs under them."""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from dataclasses import fields

import pytest

from server.settings import Settings, read_settings
from tests.conftest import need
from tests.server.cli.conftest import multipart, wait_until
from tests.server.cli.test_running import answers, filing, tablet
from tests.tree import ROOT

DEPLOY = ROOT / "deploy"
UNITS = ("fieldcase.service", "fieldcase-worker.service")
HARDENED = {
    "AmbientCapabilities": "",
    "CapabilityBoundingSet": "",
    "DevicePolicy": "closed",
    "IPAddressAllow": "localhost",
    "IPAddressDeny": "any",
    "InaccessiblePaths": "-/etc/fieldcase",
    "LimitCORE": "0",
    "LockPersonality": "yes",
    "MemorySwapMax": "0",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "ProtectSystem": "strict",
    "ReadWritePaths": "-/srv/fieldcase",
    "RemoveIPC": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "StateDirectory": "fieldcase",
    "StateDirectoryMode": "0700",
    "SystemCallArchitectures": "native",
    "SystemCallErrorNumber": "EPERM",
    "UMask": "0077",
    "User": "fieldcase",
}
EXPOSED = 15  # tenths of systemd's measure, from 0 for nothing to 100 for everything
NO_EXECUTABLE_GAIN = 65, 1  # prctl(2): PR_SET_MDWE, what MemoryDenyWriteExecute= does


def directives(name: str) -> dict[str, list[str]]:
    """Every directive of a unit with its values in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (DEPLOY / name).read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            word, sign, value = line.partition("=")
            assert sign, line
            found[word].append(value)
    return found


@pytest.fixture
def analyze(tmp_path):
    """systemd's own judgement of the units, as they would be with Fieldcase in this folder."""
    tool = shutil.which("systemd-analyze")
    need(tool, "systemd-analyze", "apt-get install -y systemd")
    for name in UNITS:
        text = (DEPLOY / name).read_text().replace("/opt/fieldcase", str(ROOT))
        (tmp_path / name).write_text(text)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
        return subprocess.run([str(tool), *words], capture_output=True, text=True, env=environment, cwd=tmp_path)

    run.folder = tmp_path
    return run


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_closes_what_fieldcase_does_not_need(name):
    held = directives(name)
    assert {word: held[word][-1] for word in HARDENED} == HARDENED
    assert held["SystemCallFilter"] == ["@system-service", "~@privileged @keyring"]
    assert held["LoadCredential"] == ["master.key:/etc/fieldcase/keys/master.key"]
    command = name.removesuffix(".service").rpartition("-")[2].replace("fieldcase", "serve")
    assert held["ExecStart"][0].endswith(
        f"FIELDCASE_KEY_FILE=%d/master.key /opt/fieldcase/.venv/bin/fieldcase {command}"
    )


def test_the_worker_is_closed_like_the_server_and_further():
    server, worker = directives(UNITS[0]), directives(UNITS[1])
    different = {word for word in {*server, *worker} if server[word] != worker[word]}
    assert different == {"Description", "ExecStart", "LimitNOFILE", "MemoryDenyWriteExecute"}
    assert worker["MemoryDenyWriteExecute"] == ["yes"]


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_the_unit_whole_and_hardly_exposed(analyze, name):
    whole = analyze("verify", "--man=no", name)
    assert (whole.returncode, whole.stdout + whole.stderr) == (0, "")
    safe = analyze("security", "--offline=true", f"--threshold={EXPOSED}", name)
    assert safe.returncode == 0, safe.stdout


def test_systemd_finds_the_drop_in_of_an_intake_node_whole(analyze):
    folder = analyze.folder / "fieldcase.service.d"
    folder.mkdir()
    text = (DEPLOY / "fieldcase-intake.conf").read_text().replace("/opt/fieldcase", str(ROOT))
    (folder / "intake.conf").write_text(text)
    whole = analyze("verify", "--man=no", UNITS[0])
    assert (whole.returncode, whole.stdout + whole.stderr) == (0, "")
    held = directives("fieldcase-intake.conf")
    assert held["LoadCredential"] == ["", "intake.key:/etc/fieldcase/keys/intake.key"]
    assert held["ExecStart"][1].endswith(
        "FIELDCASE_INTAKE_KEY_FILE=%d/intake.key /opt/fieldcase/.venv/bin/fieldcase serve --doors tablet"
    )


def test_the_example_settings_are_settings_and_read_alike_by_systemd_and_the_shell():
    text = (DEPLOY / "fieldcase.env").read_text()
    lines = [line.removeprefix("#") for line in text.splitlines() if re.match(r"#?FIELDCASE_", line)]
    names = {f"FIELDCASE_{one.name.upper()}" for one in fields(Settings)}
    assert {line.partition("=")[0] for line in lines} <= names
    plain = dict(line.split("=", 1) for line in text.splitlines() if line.startswith("FIELDCASE_"))
    shell = f". {DEPLOY / 'fieldcase.env'} && set"
    told = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True, env={}).stdout
    assert {
        name: value.strip("'")
        for name, value in (line.split("=", 1) for line in told.splitlines() if line.startswith("FIELDCASE_"))
    } == plain
    assert read_settings(plain).behind_proxy


def test_the_command_for_administrators_is_a_shell_script_that_anybody_may_start():
    script = DEPLOY / "fieldcase.sh"
    assert os.access(script, os.X_OK)
    subprocess.run(["sh", "-n", str(script)], check=True)


def gains_nothing() -> bool:
    """True when this kernel (6.3 or newer) can be told to refuse memory that becomes executable."""
    probe = f"import ctypes; raise SystemExit(bool(ctypes.CDLL(None).prctl({NO_EXECUTABLE_GAIN[0]}, 1, 0, 0, 0)))"
    return subprocess.run(["python3", "-c", probe]).returncode == 0


def test_a_node_that_takes_in_and_files_needs_no_memory_that_becomes_executable(embedded):
    if not gains_nothing():
        return  # An older kernel; systemd refuses it there by other means, which only a booted systemd has.
    path = tablet(embedded)
    refuse = f"import ctypes; assert ctypes.CDLL(None).prctl({NO_EXECUTABLE_GAIN[0]}, 1, 0, 0, 0) == 0"
    with embedded.serving("tablet", code=refuse) as server:
        assert server.post(path, multipart(answers(1), ("picture.jpg", b"picture"))) == 201
        assert server.get("/metrics").status == 200
        wait_until(lambda: filing(embedded) == ["filed"])
        assert server.stop() == 0
