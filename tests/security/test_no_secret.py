"""The repository holds no key, no password of a real service, no name of a registry or of somebody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from config import servers

SIGNS = {
    "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "key of a cloud or a forge": re.compile(rb"\b(AKIA[0-9A-Z]{16}|ghp_\w{36}|github_pat_\w{40,}|glpat-[\w-]{20}|xox[bp]-\w{10,}|sk-[A-Za-z0-9]{32,}|AIza[\w-]{35})"),
    "password in an address": re.compile(rb"\b[a-z+]{3,12}://[^\s/:@{}<>$\"']+:[^\s/@{}<>$\"']{3,}@"),
    "signed token": re.compile(rb"\beyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}"),
    "absolute path of a machine": re.compile(rb"(?<![\w.])/(home|Users|root|work)/[a-z0-9_.-]+/"),
    "index of packages": re.compile(rb"(--index-url|--extra-index-url|index-url\s*=|registry\s*=\s*http)"),
    "secret written down": re.compile(rb"(?i)\b(secret_key|api_key|password|passwd|token)\s*=\s*[\"'][A-Za-z0-9+/_-]{24,}[\"']"),
}  # fmt: skip
SECRET_FILES = re.compile(r"(^|/)(\.env|id_rsa|.*\.(pem|key|p12|pfx|kdbx)|secret_key)$")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=servers.BASE_DIR, capture_output=True, check=True)
    return [servers.BASE_DIR / name.decode() for name in listed.stdout.split(b"\0") if name]


def test_no_tracked_file_holds_a_secret() -> None:
    found = []
    own = Path(__file__).resolve()
    for path in tracked():
        if not path.is_file() or path.is_symlink() or path.resolve() == own:
            continue
        if SECRET_FILES.search(str(path.relative_to(servers.BASE_DIR))):
            found.append((path.name, "a file of secrets"))
        text = path.read_bytes()
        found += [
            (str(path.relative_to(servers.BASE_DIR)), what, hit[0][:60])
            for what, sign in SIGNS.items()
            if (hit := sign.search(text))
        ]
    assert not found


def test_secrets_are_not_tracked_by_mistake() -> None:
    ignored = (servers.BASE_DIR / ".gitignore").read_text()
    for path in ("deploy/secrets", "var", ".env"):
        checked = subprocess.run(
            ["git", "check-ignore", "-q", f"{path}/x" if path != ".env" else path],
            cwd=servers.BASE_DIR,
            check=False,
        )
        assert checked.returncode == 0, (path, ignored)
