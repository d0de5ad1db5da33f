"""The program that is handed out: it needs nothing of the portal, and finds by a checkpoint whatever was done."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from apps.consent import chain_files, chain_keys, selectors
from apps.consent.actions import chain as actions
from apps.consent.models import Checkpoint, CheckpointKey, ConsentEvent
from apps.enrolment import actions as enrolment
from tests.apps.consent.factories import an_adults_consent, an_event
from tests.apps.consent.tampering import Owner, a_later_entry
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def program() -> Any:
    spec = spec_from_file_location("verify_consent_log", chain_files.VERIFIER)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFIER = program()


class Taken:
    """What an auditor took away: a log, checkpoints and keys, as files."""

    def __init__(self, directory: Path, user: Any) -> None:
        self.directory, self.user = directory, user
        self.checkpoints: list[str] = []

    def sign(self, as_line: bool = False) -> None:
        _verification, checkpoint = actions.verify_now()
        assert checkpoint is not None
        path = self.directory / f"checkpoint-{checkpoint.pk}.json"
        path.write_text(
            chain_files.checkpoint_line(checkpoint) if as_line else chain_files.checkpoint_json(checkpoint)
        )
        self.checkpoints.append(str(path))

    def pem(self, key: CheckpointKey | None = None) -> str:
        found = key or CheckpointKey.objects.order_by("id").first()
        assert found is not None
        path = self.directory / f"{found.key_id}.pem"
        path.write_text(chain_keys.as_pem(found.public_key))
        return str(path)

    def log(self, change: Callable[[list[str]], list[str]] = lambda lines: lines, user: Any = None) -> str:
        path = self.directory / "log.jsonl"
        path.write_text("".join(change(list(selectors.jsonl(user or self.user)))), encoding="utf-8")
        return str(path)

    def verify(
        self, log: str, *more: str, with_key: bool = True, checkpoints: bool = True
    ) -> tuple[int, str]:
        """Answer and words of the program."""
        out = io.StringIO()
        arguments = [a for path in self.checkpoints if checkpoints for a in ("--checkpoint", path)]
        if with_key:
            arguments += ["--public-key", self.pem()]
        before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = out
        try:
            code = VERIFIER.main([log, *arguments, *more])
        finally:
            sys.stdout, sys.stderr = before
        return code, out.getvalue()


@pytest.fixture
def events(cast: Cast) -> list[Any]:
    found = []
    for site, by in ((cast.mumbai, cast.asha), (cast.pune, cast.vikram)):
        participant = enrolment.register(site=site, by=by)
        found += [
            an_adults_consent(participant, by),
            an_event(participant, "copy_given", by, note="मूळ प्रत दिली — “original”\u2028"),
            an_event(participant, "withdrawal", by, withdrawal_scopes=["visits"]),
        ]
    return found


@pytest.fixture
def taken(tmp_path: Path, cast: Cast, events: list[Any]) -> Taken:
    return Taken(tmp_path, cast.farah)


# --- The program itself ----------------------------------------------------------------------------------


def test_it_imports_python_and_one_library() -> None:
    tree = ast.parse(chain_files.VERIFIER.read_text())
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


def test_it_is_written_for_an_old_python() -> None:
    ast.parse(chain_files.VERIFIER.read_text(), feature_version=(3, 9))


def test_it_runs_where_nothing_of_the_portal_is(taken: Taken) -> None:
    taken.sign()
    copy = taken.directory / "elsewhere.py"
    copy.write_bytes(chain_files.verifier())
    command = [sys.executable, "-I", str(copy), taken.log(), "--checkpoint", *taken.checkpoints]
    done = subprocess.run(
        [*command, "--public-key", taken.pem()], cwd=taken.directory, env={}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode()
    assert "INTACT." in said
    assert "6 entries; 6 with their content, 0 as links only" in said


# --- An intact log ---------------------------------------------------------------------------------------


def test_an_intact_log_agrees_with_every_checkpoint(taken: Taken, cast: Cast, events: list[Any]) -> None:
    taken.sign()
    a_later_entry(events[0].participant, cast.asha)
    taken.sign(as_line=True)
    a_later_entry(events[0].participant, cast.asha)
    code, said = taken.verify(taken.log())
    assert (code, said.splitlines()[-1]) == (0, "INTACT."), said
    assert said.count("Compared with") == 2


def test_without_a_checkpoint_it_says_what_it_cannot_see(taken: Taken) -> None:
    code, said = taken.verify(taken.log(), with_key=False)
    assert code == 0
    assert "CONSISTENT IN ITSELF." in said
    assert "Give --checkpoint" in said


def test_without_a_key_it_says_whose_word_it_takes(taken: Taken) -> None:
    taken.sign()
    code, said = taken.verify(taken.log(), with_key=False)
    assert code == 0
    assert "which the file itself brings" in said


def test_who_sees_one_site_verifies_the_whole_chain(taken: Taken, cast: Cast) -> None:
    from studyportal.access.models import Membership, User

    taken.sign()
    user = User.objects.create(username="of-pune", display_name="Committee of Pune")
    Membership.objects.create(user=user, role="ethics_auditor", site=cast.pune, valid_from="2020-01-01")
    log = taken.log(user=User.objects.get(pk=user.pk))
    code, said = taken.verify(log)
    assert code == 0, said
    assert "6 entries; 3 with their content, 3 as links only" in said
    text = Path(log).read_text()
    assert "MUM-" not in text
    assert "PUN-" in text


def test_a_chosen_part_is_still_verified_as_a_whole(taken: Taken, events: list[Any]) -> None:
    taken.sign()
    chosen = ConsentEvent.objects.filter(participant=events[0].participant)
    path = taken.directory / "part.jsonl"
    path.write_text("".join(selectors.jsonl(taken.user, chosen)))
    code, said = taken.verify(str(path))
    assert code == 0
    assert "3 with their content, 3 as links only" in said


def test_the_file_of_a_long_log_is_read_in_batches(taken: Taken, monkeypatch: Any) -> None:
    monkeypatch.setattr("apps.consent.selectors.chain.BATCH", 2)
    lines = list(selectors.jsonl(taken.user))
    assert [json.loads(line).get("sequence") for line in lines] == [None, 1, 2, 3, 4, 5, 6]


# --- Tampered in the database ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda o: o.edits(3), "Entry 3 (line 4): its content was changed"),
        (lambda o: o.deletes(6), "ends with entry 5"),
        (lambda o: o.deletes(6, head=True), "was signed over 6 entries"),
        (lambda o: o.deletes(3), "the entries 3 to 3 before it are missing"),
        (lambda o: o.truncates(), "The log ends with entry 0"),
        (lambda o: o.exchanges_contents(2, 4), "Entry 2 (line 3): its content was changed"),
        (lambda o: o.exchanges_numbers(2, 4), "Entry 2 (line 3): its hash does not bind"),
        (lambda o: o.back_dates(4), "back-dated"),
        (lambda o: o.edits_and_rechains(3), "the log up to here was written anew"),
        (lambda o: (o.deletes(2), o.rechains()), "was signed over 6 entries"),
        (lambda o: (o.exchanges_contents(2, 4), o.rechains()), "the log up to here was written anew"),
        (lambda o: (o.back_dates(6), o.rechains()), "the log up to here was written anew"),
    ],
    ids=["edit", "delete the last", "delete the last, with its head", "delete the middle", "truncate", "exchange contents",
         "exchange numbers", "back-date", "edit and re-chain", "delete and re-chain", "exchange and re-chain",
         "back-date and re-chain"],
)  # fmt: skip
def test_what_the_owner_of_the_database_did_is_found(
    taken: Taken, as_owner: Any, what: Any, said: str
) -> None:
    taken.sign()
    what(Owner(as_owner))
    code, words = taken.verify(taken.log())
    assert code == 1
    assert said in words
    assert words.splitlines()[-1].startswith("NOT INTACT")


def test_re_chaining_is_seen_by_no_checkpoint_from_after_it(taken: Taken, as_owner: Any) -> None:
    """Why checkpoints are kept outside: the earlier one is needed."""
    taken.sign()
    earlier, taken.checkpoints = taken.checkpoints, []
    Owner(as_owner).edits_and_rechains(3)
    Owner(as_owner).does("DELETE FROM consent_checkpoint")
    taken.sign()
    assert taken.verify(taken.log())[0] == 0
    taken.checkpoints = earlier
    assert taken.verify(taken.log())[0] == 1


# --- Tampered in the file --------------------------------------------------------------------------------


def changed(number: int, **values: Any) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        line = json.loads(lines[number])
        line.update(values)
        lines[number] = json.dumps(line) + "\n"
        return lines

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed(3, content={"kind": "consent"}), "Entry 3 (line 4): its content was changed"),
        (changed(3, content=[]), "the content is no object"),
        (changed(3, sha256="a" * 64), "Entry 3 (line 4): its hash does not bind"),
        (changed(3, previous_sha256="a" * 64), "it does not follow entry 2"),
        (changed(3, sequence="3"), "no entry of the log"),
        (changed(3, sequence=True), "no entry of the log"),
        (changed(3, content_sha256=None), "no entry of the log"),
        (changed(3, sequence=2), "this number stood before"),
        (lambda lines: [*lines[:3], *lines[4:]], "the entries 3 to 3 before it are missing"),
        (lambda lines: lines[:-1], "names 6 entries"),
        (lambda lines: [lines[0], *reversed(lines[1:])], "this number stood before"),
        (lambda lines: lines[:1], "The log ends with entry 0"),
    ],
)
def test_a_changed_file_is_found(taken: Taken, change: Any, said: str) -> None:
    taken.sign()
    code, words = taken.verify(taken.log(change))
    assert (code, said in words) == (1, True), words


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [], "is empty"),
        (lambda lines: lines[1:], "does not say"),
        (lambda lines: [*lines[:2], "{\n"], "line 3: no JSON"),
        (lambda lines: [*lines[:2], "[1]\n"], "line 3: no JSON object"),
        (lambda lines: [*lines[:2], '{"a":1,"a":2}\n'], "names a member twice"),
        (lambda lines: [*lines[:2], '{"a":1.5}\n'], "only whole numbers"),
        (lambda lines: [*lines[:2], "[" * 100_000 + "\n"], "no JSON"),
    ],
)
def test_a_file_that_is_no_log_is_told(taken: Taken, change: Any, said: str) -> None:
    taken.sign()
    code, words = taken.verify(taken.log(change))
    assert (code, said in words) == (2, True), words


def test_a_file_that_is_not_there(taken: Taken) -> None:
    taken.sign()
    code, words = taken.verify(str(taken.directory / "nowhere.jsonl"))
    assert (code, "cannot be read" in words) == (2, True)


# --- Checkpoints and keys --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"count": 5}, 1, "the signature does not hold"),
        ({"head_sha256": "a" * 64}, 1, "the signature does not hold"),
        ({"taken_at": "2020-01-01T00:00:00.000000Z"}, 1, "the signature does not hold"),
        ({"signature": "nonsense"}, 1, "the signature does not hold"),
        ({"key_id": "0" * 16}, 1, "none of the keys that you gave"),
        ({"format": "consent-log-checkpoint/2"}, 2, "no checkpoint of a consent log"),
        ({"count": True}, 2, "lacks its count"),
        ({"signature": 7}, 2, "lacks signature"),
    ],
)
def test_a_checkpoint_that_was_changed(taken: Taken, changes: dict[str, Any], code: int, said: str) -> None:
    taken.sign()
    path = Path(taken.checkpoints[0])
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    answer, words = taken.verify(taken.log())
    assert (answer, said in words) == (code, True), words


def test_a_key_put_into_the_checkpoint_must_be_the_one_that_it_names(taken: Taken) -> None:
    taken.sign()
    path = Path(taken.checkpoints[0])
    path.write_text(json.dumps(json.loads(path.read_text()) | {"public_key": "AAAA"}))
    code, words = taken.verify(taken.log(), with_key=False)
    assert (code, "not the key that it names" in words) == (1, True)


def test_a_newer_key_is_believed_by_its_endorsement(taken: Taken, settings: Any) -> None:
    old, new = "oldkey0123456789" * 3, "newkey0123456789" * 3
    settings.CHECKPOINT_KEYS = (old,)
    taken.sign()
    settings.CHECKPOINT_KEYS = (new, old)
    taken.sign()
    first = CheckpointKey.objects.order_by("id").first()
    assert taken.verify(taken.log())[0] == 1, "the old key alone does not know the new one"
    keys = taken.directory / "keys.json"
    keys.write_text(json.dumps(chain_files.keys_document()))
    code, words = taken.verify(taken.log(), "--keys", str(keys))
    assert (code, "is endorsed by the key" in words) == (0, True), words
    document = chain_files.keys_document()
    document["keys"][1]["since"] = "2020-01-01T00:00:00.000000Z"
    keys.write_text(json.dumps(document))
    code, words = taken.verify(taken.log(), "--keys", str(keys))
    assert (code, "does not hold" in words) == (1, True)
    assert first is not None


def test_two_keys_in_one_file(taken: Taken, settings: Any) -> None:
    settings.CHECKPOINT_KEYS = ("oldkey0123456789" * 3,)
    taken.sign()
    settings.CHECKPOINT_KEYS = ("newkey0123456789" * 3,)
    taken.sign()
    path = taken.directory / "both.pem"
    path.write_text("".join(chain_keys.as_pem(key.public_key) for key in CheckpointKey.objects.all()))
    code, words = taken.verify(taken.log(), "--public-key", str(path), with_key=False)
    assert code == 0, words


def test_what_is_no_key(taken: Taken) -> None:
    taken.sign()
    path = taken.directory / "no.pem"
    for text, said in (("", "holds no public key"), ("nonsense", "no public key")):
        path.write_text(text)
        code, words = taken.verify(taken.log(), "--public-key", str(path), with_key=False)
        assert (code, said in words) == (2, True), words


def test_the_qr_code_holds_the_line(taken: Taken) -> None:
    taken.sign()
    checkpoint = Checkpoint.objects.get()
    svg = chain_files.qr_svg(checkpoint)
    assert svg.startswith("<svg")
    assert len(chain_files.checkpoint_line(checkpoint)) < 260
