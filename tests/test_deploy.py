"""What `deploy/` holds fits the programs that read it and the site that it starts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

DEPLOY = settings.BASE_DIR / "deploy"
NAMED = re.compile(r"^([A-Z_]+)=", re.MULTILINE)


def test_systemd_takes_every_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("SYSTEMD IS NOT HERE: nobody has verified deploy/systemd")
    units = [Path(shutil.copy(unit, tmp_path)) for unit in sorted((DEPLOY / "systemd").iterdir())]
    for unit in units:
        # The program is where a release puts it, which is not here.
        text = unit.read_text().replace("ExecStart=/srv/pacta/current/.venv/bin/python", "ExecStart=/bin/true")
        unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "pacta" in line] == []
    assert done.returncode == 0, done.stderr


def test_nginx_takes_its_configuration(tmp_path):
    # Not everybody has /usr/sbin in his PATH.
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        pytest.skip("NGINX IS NOT HERE: nobody has verified deploy/nginx")
    key = ["-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"]
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=pacta", *key]
    subprocess.run(asked, check=True, capture_output=True)
    shutil.copy(DEPLOY / "nginx" / "upstream.conf", tmp_path)
    site = (DEPLOY / "nginx" / "pacta.conf").read_text()
    site = site.replace("/etc/nginx/tls", str(tmp_path)).replace("/etc/nginx/pacta", str(tmp_path))
    aside = [f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    around = "\n".join([f"pid {tmp_path}/pid;", "events {}", "http {", "access_log off;", *aside, site, "}"])
    (tmp_path / "nginx.conf").write_text(around)
    asked = [nginx, "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_variable_of_the_example_is_explained():
    told = (settings.BASE_DIR / "README.md").read_text() + (DEPLOY / "compose.yaml").read_text()
    told += (settings.BASE_DIR / "docs" / "deploy.md").read_text()
    assert [name for name in NAMED.findall((DEPLOY / "pacta.env.example").read_text()) if name not in told] == []


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda script: script.name)
def test_the_shell_takes_each_script(script):
    assert subprocess.run(["sh", "-n", script], capture_output=True).returncode == 0
    assert script.stat().st_mode & 0o111
