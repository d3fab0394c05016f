"""The proxies of deploy/ as real processes: their very configuration, with ports, paths and names of the test's own."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.authority import Authority
from tests.conftest import need
from tests.server.cli.conftest import FIELDCASE, Fieldcase, Server, free_port
from tests.tree import ROOT

HOST = "fieldcase.example.org"
PATIENCE = 30.0  # seconds that a proxy has to start

AROUND_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log notice;
worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {folder}/spool-body;
    proxy_temp_path {folder}/spool-proxy;
    fastcgi_temp_path {folder}/spool-fastcgi;
    uwsgi_temp_path {folder}/spool-uwsgi;
    scgi_temp_path {folder}/spool-scgi;
    access_log {folder}/nginx.other.log;
    include {folder}/site.conf;
}}
"""


@dataclass
class Front:
    """A proxy that runs before a node."""

    folder: Path
    node: int  # the port of the node
    chain: Path
    key: Path
    http: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def written(self) -> str:
        """The configuration as it is run."""
        raise NotImplementedError  # pragma: no cover

    def command(self) -> list[str]:
        """What runs it."""
        raise NotImplementedError  # pragma: no cover

    def start(self) -> None:
        """It answers on both ports."""
        with (self.folder / "front.out.log").open("wb") as said:
            self.process = subprocess.Popen(
                self.command(), stdout=said, stderr=said, cwd=self.folder, env={**os.environ, "HOME": str(self.folder)}
            )
        until = time.monotonic() + PATIENCE
        while not all(_answers(port) for port in (self.http, self.https)):
            assert self.process.poll() is None, self.logs()
            assert time.monotonic() < until, self.logs()
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def logs(self) -> str:
        """Everything that it has written anywhere."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log*")))

    def spooled(self) -> int:
        """How many bytes of what passes through lie in files of it."""
        assert self.process is not None
        lying = [path.stat().st_size for path in self.folder.glob("spool-*/**/*") if path.is_file()]
        for handle in Path(f"/proc/{self.process.pid}/fd").iterdir():
            if str(handle.readlink()).startswith("/") and "(deleted)" in str(handle.readlink()):
                lying.append(handle.stat().st_size)
        return sum(lying)


class Nginx(Front):
    """nginx with deploy/nginx.conf."""

    def written(self) -> str:
        """Ports, paths and time-outs are the test's; all else is as it stands in deploy/."""
        text = (ROOT / "deploy/nginx.conf").read_text()
        text = re.sub(r".*listen \[::\].*\n", "", text)
        text = re.sub(r"listen 80\b", f"listen 127.0.0.1:{self.http}", text)
        text = re.sub(r"listen 443\b", f"listen 127.0.0.1:{self.https}", text)
        text = text.replace("server 127.0.0.1:8080;", f"server 127.0.0.1:{self.node};")
        text = re.sub(r"/etc/letsencrypt/\S+fullchain.pem", str(self.chain), text)
        text = re.sub(r"/etc/letsencrypt/\S+privkey.pem", str(self.key), text)
        text = text.replace("/var/log/nginx/", f"{self.folder}/")
        text = text.replace("client_header_timeout 10s", "client_header_timeout 2s")
        return text.replace("client_body_timeout 30s", "client_body_timeout 3s")

    def command(self) -> list[str]:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        need(nginx, "nginx", "apt-get install -y nginx-light")
        (self.folder / "site.conf").write_text(self.written())
        (self.folder / "nginx.conf").write_text(AROUND_NGINX.format(folder=self.folder))
        first = str(self.folder / "front.error.log")
        return [str(nginx), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", first]


class Caddy(Front):
    """Caddy with deploy/Caddyfile."""

    def written(self) -> str:
        """Ports, paths, time-outs and the certificate are the test's; all else is as it stands in deploy/."""
        text = (ROOT / "deploy/Caddyfile").read_text()
        ours = f"admin off\n\thttp_port {self.http}\n\thttps_port {self.https}\n\tdefault_bind 127.0.0.1"
        text = text.replace("{\n\tauto_https", f"{{\n\t{ours}\n\tauto_https", 1)
        text = text.replace(f"\n{HOST} {{\n", f"\n{HOST} {{\n\ttls {self.chain} {self.key}\n", 1)
        text = text.replace("reverse_proxy 127.0.0.1:8080", f"reverse_proxy 127.0.0.1:{self.node}")
        text = text.replace("/var/log/caddy/", f"{self.folder}/")
        text = text.replace("read_header 10s", "read_header 2s")
        return text.replace("read_body 15m", "read_body 6s")

    def command(self) -> list[str]:
        caddy = shutil.which("caddy")
        need(caddy, "caddy", "apt-get install -y caddy")
        (self.folder / "Caddyfile").write_text(self.written())
        return [str(caddy), "run", "--config", str(self.folder / "Caddyfile"), "--adapter", "caddyfile"]


@dataclass
class Place:
    """An installation behind a proxy: https outside, one node inside."""

    machine: Fieldcase
    authority: Authority
    front: Front
    node: int
    serving: Server | None = None
    logs: list[Path] = field(default_factory=list)

    @classmethod
    def open(cls, kind: type[Front], folder: Path) -> "Place":
        """The installation is made, its node serves, the proxy stands before it."""
        node, authority = free_port(), Authority(folder)
        certified = authority.certify(HOST)
        settings = {"FIELDCASE_DATA_DIR": str(folder / "data"), "HOME": str(folder), "PATH": str(FIELDCASE.parent)}
        settings |= {"FIELDCASE_BASE_URL": f"https://{HOST}", "FIELDCASE_BEHIND_PROXY": "1"}
        machine = Fieldcase(folder, {**settings, "FIELDCASE_PORT": str(node)})
        assert machine.run("init").exit_code == 0
        (folder / "front").mkdir()
        place = cls(machine, authority, kind(folder / "front", node, certified.chain, certified.key), node)
        place.machine.publish()
        try:
            place.start()
            place.front.start()
        except BaseException:
            place.close()
            raise
        return place

    def start(self) -> None:
        """The node serves."""
        self.logs.append(self.machine.folder / f"node-{len(self.logs)}.log")
        process, said = self.machine.spawn("serve", log=self.logs[-1])
        self.serving = Server(process, self.node, self.logs[-1], said)

    def stop(self) -> None:
        """The node is gone."""
        assert self.serving is not None
        assert self.serving.stop() == 0

    def close(self) -> None:
        self.front.stop()
        self.machine.end()

    def connect(self, host: str = HOST) -> ssl.SSLSocket:
        """A connection as a tablet has it."""
        plain = socket.create_connection(("127.0.0.1", self.front.https), timeout=30)
        try:
            return self.authority.client_context().wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise

    def written(self) -> str:
        """What proxy and node have written into their logs."""
        return self.front.logs() + "\n".join(path.read_text() for path in self.logs)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
