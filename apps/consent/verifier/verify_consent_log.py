#!/usr/bin/env python3
"""Verify an exported consent log, without the portal that keeps it.

    python verify_consent_log.py consent-log.jsonl --checkpoint checkpoint.json --public-key key.pem

Needs Python 3.9 or newer and the library `cryptography` (pip install cryptography). It is one file, it shares no code
with the portal, and it asks no network: read it, then trust it.

What it reads
  consent-log.jsonl   the log, one JSON object a line: first a line that says what the file is, then one line for each
                      entry with "sequence", "previous_sha256", "content_sha256", "sha256", and "content" where the
                      person who downloaded it may read the entry.
  --checkpoint        a checkpoint as the portal signs, mails and prints it: the JSON file, or a text file with the one
                      line of its QR code. Give as many as you hold; the older, the further back the proof goes.
  --public-key        the public key of the portal as PEM (one or several). Take it from a hand that you trust, once,
                      and keep it. Without it the key inside the checkpoint is used, and that is said.
  --keys              the list of keys as JSON, with which a newer key shows that an older one endorsed it.

What it proves
  Each content has its hash, each entry is bound to its number and to the entry before, none is missing, and the
  entry at which each checkpoint was signed still has the hash that was signed. A log that was written anew from
  the first entry to the last is consistent in itself: only a checkpoint from before shows it. So keep checkpoints
  outside of the portal.

How hashes are made
  content_sha256 = SHA-256 of the content as JSON: members sorted by name, no white space, UTF-8 (RFC 8785)
  sha256         = SHA-256 of "consent-log/1\\n<sequence>\\n<previous_sha256>\\n<content_sha256>\\n"
  signature      = Ed25519 over "consent-log-checkpoint/1\\n<count>\\n<head_sha256>\\n<taken_at>\\n<key_id>\\n"

Answers with 0: everything agrees. 1: something is wrong, and it is said what and where. 2: a file cannot be read.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
except ImportError:
    sys.exit("The library “cryptography” is missing: python -m pip install cryptography")

ZEROS = "0" * 64
TOLD_AT_MOST = 200
TOLERANCE = datetime.timedelta(minutes=10)
HEX = set("0123456789abcdef")


class Unreadable(Exception):
    """A file is not what it should be."""


class Told:
    """What is wrong, said as it is found."""

    def __init__(self, out):
        self.out = out
        self.faults = 0

    def fault(self, text):
        self.faults += 1
        if self.faults <= TOLD_AT_MOST:
            print("WRONG  " + text, file=self.out)
        elif self.faults == TOLD_AT_MOST + 1:
            print("WRONG  … and more, which are only counted", file=self.out)

    def note(self, text):
        print("       " + text, file=self.out)


# --- Reading ---------------------------------------------------------------------------------------------


def read_text(path):
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable("%s cannot be read: %s" % (path, error)) from None


def no_double_names(pairs):
    """A JSON object that says one name twice could say two things to two readers."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a member twice")
    return found


def no_fractions(text):
    raise ValueError("the number %s, where only whole numbers stand" % text)


def parse_json(text):
    return json.loads(
        text, object_pairs_hook=no_double_names, parse_float=no_fractions, parse_constant=no_fractions
    )


def is_hash(value):
    return isinstance(value, str) and len(value) == 64 and set(value) <= HEX


def lines_of(path):
    """(number of the line, object) of every line."""
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    value = parse_json(line)
                except (ValueError, RecursionError) as error:
                    raise Unreadable("%s, line %d: no JSON: %s" % (path, number, error)) from None
                if not isinstance(value, dict):
                    raise Unreadable("%s, line %d: no JSON object" % (path, number))
                yield number, value
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable("%s cannot be read: %s" % (path, error)) from None


def read_checkpoint(path):
    text = read_text(path).strip()
    if text.startswith("consent-log-checkpoint/1 "):
        parts = text.split()
        if len(parts) != 6 or not parts[1].isdigit():
            raise Unreadable("%s: the line of a checkpoint has six parts" % path)
        found = dict(zip(("format", "count", "head_sha256", "taken_at", "key_id", "signature"), parts))
        found["count"] = int(parts[1])
    else:
        try:
            found = parse_json(text)
        except (ValueError, RecursionError) as error:
            raise Unreadable("%s: no checkpoint: %s" % (path, error)) from None
    if not isinstance(found, dict) or found.get("format") != "consent-log-checkpoint/1":
        raise Unreadable("%s: no checkpoint of a consent log (format consent-log-checkpoint/1)" % path)
    count = found.get("count")
    if (
        not isinstance(count, int)
        or isinstance(count, bool)
        or count < 1
        or not is_hash(found.get("head_sha256"))
    ):
        raise Unreadable("%s: the checkpoint lacks its count or its hash" % path)
    for name in ("taken_at", "key_id", "signature"):
        if not isinstance(found.get(name), str):
            raise Unreadable("%s: the checkpoint lacks %s" % (path, name))
    found["path"] = path
    return found


def key_id_of(raw):
    return hashlib.sha256(raw).hexdigest()[:16]


def read_pem(path):
    """Key id → raw key, of every key in the file."""
    found = {}
    end = "-----END PUBLIC KEY-----"
    for part in read_text(path).split(end):
        if not part.strip():
            continue
        try:
            key = load_pem_public_key((part.strip() + "\n" + end + "\n").encode())
        except ValueError as error:
            raise Unreadable("%s: no public key: %s" % (path, error)) from None
        if not isinstance(key, Ed25519PublicKey):
            raise Unreadable("%s: a key that is not of the kind Ed25519" % path)
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        found[key_id_of(raw)] = raw
    if not found:
        raise Unreadable("%s holds no public key" % path)
    return found


def signed(raw, text, signature):
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(
            base64.b64decode(signature, validate=True), text.encode()
        )
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def moment(text):
    """None for what is no moment."""
    try:
        found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, AttributeError, TypeError):
        return None
    return found if found.tzinfo else None


# --- Keys and checkpoints --------------------------------------------------------------------------------


def add_endorsed(path, trusted, told):
    """Keys of the list that a trusted key endorsed become trusted, again and again until none is added."""
    try:
        listed = parse_json(read_text(path))["keys"]
        waiting = [
            (one["key_id"], one["public_key"], one["since"], one["endorsed_by"], one["endorsement"])
            for one in listed
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("%s: no list of keys: %s" % (path, error)) from None
    added = True
    while added:
        added = False
        for one in list(waiting):
            key_id, public_key, since, by, endorsement = one
            if key_id in trusted:
                waiting.remove(one)
                continue
            if by not in trusted:
                continue
            waiting.remove(one)
            text = "consent-log-key/1\n%s\n%s\n%s\n%s\n" % (key_id, public_key, since, by)
            try:
                raw = base64.b64decode(public_key, validate=True)
            except (ValueError, binascii.Error):
                raw = b""
            if key_id_of(raw) == key_id and signed(trusted[by], text, endorsement):
                trusted[key_id] = raw
                added = True
                told.note("The key %s is endorsed by the key %s." % (key_id, by))
            else:
                told.fault("%s: the endorsement of the key %s by %s does not hold." % (path, key_id, by))


def believed(checkpoints, trusted, given, told):
    """The checkpoints whose signature holds."""
    found = []
    for one in checkpoints:
        raw = trusted.get(one["key_id"])
        if raw is None and not given and isinstance(one.get("public_key"), str):
            try:
                raw = base64.b64decode(one["public_key"], validate=True)
            except (ValueError, binascii.Error):
                raw = b""
            if key_id_of(raw) != one["key_id"]:
                told.fault("%s: the key inside is not the key that it names." % one["path"])
                continue
            told.note(
                "%s: signed with the key %s, which the file itself brings. Compare this name with a copy of the key"
                " that you hold, or give --public-key." % (one["path"], one["key_id"])
            )
        if raw is None:
            told.fault(
                "%s: signed with the key %s, which is none of the keys that you gave."
                % (one["path"], one["key_id"])
            )
            continue
        text = "consent-log-checkpoint/1\n%d\n%s\n%s\n%s\n" % (
            one["count"], one["head_sha256"], one["taken_at"], one["key_id"],
        )  # fmt: skip
        if signed(raw, text, one["signature"]):
            found.append(one)
        else:
            told.fault(
                "%s: the signature does not hold; this checkpoint was changed or made up." % one["path"]
            )
    return found


# --- The log ---------------------------------------------------------------------------------------------


def hash_of_content(content):
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hash_of_link(sequence, previous, content_sha256):
    return hashlib.sha256(
        ("consent-log/1\n%d\n%s\n%s\n" % (sequence, previous, content_sha256)).encode()
    ).hexdigest()


def walk(path, checkpoints, told):
    """Read the log from its first line to its last. (entries, whole entries, hash of the last, the header)"""
    lines = lines_of(path)
    try:
        _number, header = next(lines)
    except StopIteration:
        raise Unreadable("%s is empty" % path) from None
    if header.get("format") != "consent-log-export/1":
        raise Unreadable("%s: the first line does not say “consent-log-export/1”" % path)
    marks = {}
    for one in checkpoints:
        marks.setdefault(one["count"], []).append(one)

    last, before, entered, entries, whole = 0, ZEROS, None, 0, 0
    for number, one in lines:
        sequence = one.get("sequence")
        previous, stored, own = (one.get(name) for name in ("previous_sha256", "content_sha256", "sha256"))
        if (
            not isinstance(sequence, int)
            or isinstance(sequence, bool)
            or not all(map(is_hash, (previous, stored, own)))
        ):
            told.fault("Line %d: no entry of the log: number or hashes are missing." % number)
            continue
        where = "Entry %d (line %d)" % (sequence, number)
        entries += 1
        if sequence <= last:
            told.fault(
                "%s: this number stood before; the log is forked, or its lines were exchanged." % where
            )
        elif sequence > last + 1:
            told.fault("%s: the entries %d to %d before it are missing." % (where, last + 1, sequence - 1))
        elif previous != before:
            told.fault("%s: it does not follow entry %d; it names another predecessor." % (where, last))
        if hash_of_link(sequence, previous, stored) != own:
            told.fault("%s: its hash does not bind its number, its predecessor and its content." % where)
        if "content" in one:
            whole += 1
            content = one["content"]
            if not isinstance(content, dict):
                told.fault("%s: the content is no object." % where)
                content = {}
            elif hash_of_content(content) != stored:
                told.fault("%s: its content was changed: it does not have its hash." % where)
            at = moment(content.get("entered_at"))
            if at is None:
                told.fault("%s: it does not say when it was entered." % where)
            elif entered is not None and at < entered - TOLERANCE:
                told.fault(
                    "%s: it says it was entered at %s, before an entry with a smaller number: back-dated."
                    % (where, content["entered_at"])
                )
            else:
                entered = at
        for mark in marks.pop(sequence, ()):
            if mark["head_sha256"] != own:
                told.fault(
                    "%s: it had another hash when %s was signed (%s): the log up to here was written anew after that."
                    % (where, mark["path"], mark["taken_at"])
                )
            elif (
                entered is not None
                and moment(mark["taken_at"])
                and entered > moment(mark["taken_at"]) + TOLERANCE
            ):
                told.fault(
                    "%s: it says it was entered after %s, which holds it already." % (where, mark["path"])
                )
        last, before = max(last, sequence), own

    for count in sorted(marks):
        for mark in marks[count]:
            told.fault(
                "The log ends with entry %d, but %s was signed over %d entries (%s): what came after was cut off."
                % (last, mark["path"], count, mark["taken_at"])
            )
    if isinstance(header.get("count"), int) and header["count"] > last:
        told.fault(
            "The log ends with entry %d, but its first line names %d entries." % (last, header["count"])
        )
    return entries, whole, before


def verify(log, checkpoint_paths, key_paths, keys_path, out):
    told = Told(out)
    trusted = {}
    for path in key_paths:
        trusted.update(read_pem(path))
    if keys_path:
        add_endorsed(keys_path, trusted, told)
    checkpoints = believed(
        [read_checkpoint(path) for path in checkpoint_paths], trusted, bool(key_paths), told
    )
    entries, whole, head = walk(log, checkpoints, told)
    told.note("%d entries; %d with their content, %d as links only." % (entries, whole, entries - whole))
    told.note("Hash of the last entry: %s" % head)
    for one in sorted(checkpoints, key=lambda one: one["count"]):
        told.note("Compared with %s: %d entries at %s." % (one["path"], one["count"], one["taken_at"]))
    if told.faults:
        print("NOT INTACT: %d faults." % told.faults, file=out)
        return 1
    print("INTACT." if checkpoints else "CONSISTENT IN ITSELF.", file=out)
    if not checkpoints:
        told.note(
            "No checkpoint was compared: a log that was written anew as a whole would not be seen. Give --checkpoint."
        )
    return 0


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description="Verify an exported consent log against checkpoints.",
        epilog="What the files are, and how hashes are made, is written at the beginning of this program.",
    )
    parser.add_argument("log", help="the exported log, consent-log.jsonl")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="again for each")
    parser.add_argument("--public-key", action="append", default=[], metavar="PEM", help="again for each")
    parser.add_argument("--keys", metavar="JSON", help="the portal's list of keys, with their endorsements")
    given = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return verify(given.log, given.checkpoint, given.public_key, given.keys, sys.stdout)
    except Unreadable as error:
        print("CANNOT BE READ: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
