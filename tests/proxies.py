"""nginx as `docs/deploy.md` sets it up, with ports and a certificate of the test's own."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clusters import free_port
from tests.deploy_page import files
from tests.locks import PATIENCE_SECONDS

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NAME = "ev.example.org"
# What Debian's nginx.conf has around the files of conf.d, and folders that need no root.
MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/evload.conf;
}}
"""


def nginx() -> str:
    if NGINX is None and os.environ.get("EVLOAD_TEST_NGINX") == "required":
        pytest.fail("EVLOAD_TEST_NGINX=required, but there is no nginx")
    if NGINX is None:
        pytest.skip("no nginx here; Debian's package is called nginx")
    return NGINX


@dataclass(frozen=True)
class Proxy:
    folder: Path
    http_port: int
    https_port: int

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.https_port}"

    def command(self, *options: str) -> list[str]:
        return [nginx(), "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf", *options]

    def log(self) -> str:
        return (self.folder / "error.log").read_text()


def configured(folder: Path, ports: Sequence[int], *, strips: bool = False) -> Proxy:
    """Writes the page's configuration, in which the proxy keeps the path, or the other one, which strips it."""
    proxy = Proxy(folder, free_port(), free_port())
    text = files()["/etc/nginx/conf.d/evload.conf"]
    changes = {
        "listen 80;": f"listen 127.0.0.1:{proxy.http_port};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{proxy.https_port} ssl http2;",
        f"/etc/letsencrypt/live/{NAME}": str(folder),
        **{f"127.0.0.1:{8000 + index} ": f"127.0.0.1:{port} " for index, port in enumerate(ports)},
        **({"proxy_pass http://evload;": "proxy_pass http://evload/;"} if strips else {}),
    }
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    folder.mkdir()
    (folder / "evload.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    _certify(folder)
    return proxy


def _certify(folder: Path) -> None:
    made = ("-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}", *made]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def running(proxy: Proxy) -> Iterator[Proxy]:
    process = subprocess.Popen(proxy.command())
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not (proxy.folder / "nginx.pid").exists():
            assert process.poll() is None, proxy.log()
            assert time.monotonic() < until, proxy.log()
            time.sleep(0.02)
        yield proxy
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
