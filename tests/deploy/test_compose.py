"""The deployment's files, held against the compose schema and our own rules. No container is started."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import servers
from studyportal.embedded.places import APP_ROLE, OWNER_ROLE

ROOT = servers.BASE_DIR
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {name for name, service in SERVICES.items() if service.get("restart") == "no"}
OURS = {name for name, service in SERVICES.items() if service.get("image") == "studyportal"}


def test_it_is_valid_by_the_compose_schema():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            "docker-compose.yml",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_services_are_the_known_ones():
    assert {"migrate", "protocol", "rotate", "web", "worker", "beat"} == OURS
    assert SERVICES.keys() - OURS == {"database", "redis", "proxy"}
    assert {"migrate", "protocol", "rotate"} == ONE_SHOT
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["rotate"]
    assert SERVICES["database"]["image"].startswith("postgres:18")


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT))
def test_every_lasting_service_says_whether_it_is_healthy_and_comes_back(name: str):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_every_secret_is_a_file_and_no_environment_carries_one():
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    used = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY", variable):
                assert variable.endswith("_FILE")
                assert value.startswith("/run/secrets/")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), "a password in a URL"


@pytest.mark.parametrize("name", sorted(OURS))
def test_only_the_migration_and_the_rotation_are_the_owner(name: str):
    role = re.match(r"postgres://(\w+)@", SERVICES[name]["environment"]["DATABASE_URL"])
    assert role is not None
    is_owner = name in ("migrate", "rotate")
    expected, password = (OWNER_ROLE, "owner") if is_owner else (APP_ROLE, "app")
    assert role[1] == expected
    assert SERVICES[name]["environment"]["DATABASE_PASSWORD_FILE"] == f"/run/secrets/{password}_password"
    assert ("owner_password" in SERVICES[name]["secrets"]) is is_owner


@pytest.mark.parametrize("name", sorted(OURS))
def test_only_the_pages_and_the_rotation_have_the_keys_of_identities(name: str):
    opens = name in ("web", "rotate")
    assert (SERVICES[name]["environment"]["IDENTITY"] == "open") is opens
    assert ({"identity_keys", "identity_index_key"} <= set(SERVICES[name]["secrets"])) is opens


@pytest.mark.parametrize("name", sorted(OURS))
def test_only_the_worker_signs_checkpoints_and_sends_mail(name: str):
    signs = name == "worker"
    assert ("checkpoint_key" in SERVICES[name]["secrets"]) is signs
    assert ("email_url" in SERVICES[name]["secrets"]) is signs
    assert ("CHECKPOINT_KEY_FILE" in SERVICES[name]["environment"]) is signs
    assert ("mail" in SERVICES[name]["networks"]) is signs


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_can_do_little(name: str):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert "user" not in service or service["user"] not in {"root", "0"}


def test_what_waits_for_what():
    def condition(name: str, of: str) -> str:
        return SERVICES[name]["depends_on"][of]["condition"]

    assert condition("migrate", "database") == "service_healthy"
    assert condition("protocol", "migrate") == "service_completed_successfully"
    for name in ("web", "worker", "beat"):
        assert condition(name, "protocol") == "service_completed_successfully"
        assert condition(name, "redis") == "service_healthy"
    assert condition("proxy", "web") == "service_healthy"


def test_only_the_proxy_is_open_and_the_database_is_not_on_its_network():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["proxy"]["networks"] == ["front"]
    assert SERVICES["database"]["networks"] == SERVICES["redis"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_every_mounted_file_and_named_volume_exists():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            else:
                assert source in COMPOSE["volumes"]


# --- Dockerfile, proxy, scripts --------------------------------------------------------------------------


def dockerfile() -> list[str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_runs_as_an_ordinary_user_and_checks_its_health():
    lines = dockerfile()
    last_stage = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM")) :]
    users = [line.split()[1] for line in last_stage if line.startswith("USER")]
    assert users == ["portal"]
    assert last_stage.index("USER portal") < next(i for i, x in enumerate(last_stage) if x.startswith("CMD"))
    assert any(line.startswith("HEALTHCHECK") for line in last_stage)
    assert any("--require-hashes" in line for line in lines)


def test_what_the_image_copies_exists_and_holds_no_secret():
    for line in dockerfile():
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {"deploy/secrets", "var", ".env", ".git"} <= set(ignored)
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().split()


def test_the_proxy_ends_tls_and_sets_the_forwarded_header_itself():
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    assert "{$PORTAL_HOST} {" in text
    assert "reverse_proxy web:8000" in text
    assert "header_up X-Forwarded-Proto https" in text


def test_secrets_are_made_once_and_kept_private(tmp_path: Path):
    script = shutil.copy(ROOT / "deploy" / "make-secrets.sh", tmp_path)
    subprocess.run(["sh", script], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert made["email_url"] == "", "written by hand, where mail is wanted"
    assert all(len(value) == 96 for name, value in made.items() if name != "email_url")
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    subprocess.run(["sh", script], check=True, capture_output=True)
    assert made == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}


def test_the_roles_are_the_ones_of_the_embedded_server():
    """One statement of rights, in two places because one is run by a container."""
    from studyportal.embedded.postgres import PRIVILEGES_SQL

    script = (ROOT / "deploy" / "postgres" / "10-roles.sh").read_text()

    def words(text: str) -> str:
        return " ".join(text.split())

    assert words(PRIVILEGES_SQL) in words(script)
    assert "NOBYPASSRLS" in script


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name)
def test_every_requirement_is_pinned_by_hash_and_names_no_registry(path: Path):
    text = path.read_text()
    assert "://" not in text
    pins = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^#.*\n", "", text))
    for pin in pins:
        assert "==" in pin.split("\n")[0], pin
        assert "--hash=sha256:" in pin, pin


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.in")), ids=lambda p: p.name)
def test_every_requirement_says_why(path: Path):
    for line in path.read_text().splitlines():
        if line and not line.startswith(("#", "-r")):
            assert " # " in line, line
