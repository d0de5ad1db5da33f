"""The whole portal with one command: `python -m studyportal.embedded.demo` (make demo).

Starts in order, each when the one before is ready: PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL
name real ones), schema, protocol, static files, web, worker, beat, demo study. Stops in the reverse order.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from studyportal.embedded.leases import EmbeddedError
from studyportal.embedded.places import Places
from studyportal.embedded.supervisor import AlreadyRunning, Failed, Stopped, Supervisor

ROOT = Path(__file__).resolve().parents[2]

PASSWORD = "studyportal-demo"  # noqa: S105 (the demo's, on this machine only)
CAST = (
    ("asha", "site coordinator at Mumbai"),
    ("vikram", "site coordinator at Pune"),
    ("rao", "investigator at Mumbai"),
    ("iyer", "investigator at Pune"),
    ("nikhil", "cell technologist at Mumbai"),
    ("leela", "cell technologist at Pune"),
    ("meera", "data manager"),
    ("sanjay", "statistician"),
    ("farah", "ethics auditor"),
    ("devi", "data monitoring committee"),
    ("admin", "administrator"),
)


def sign_ins(url: str) -> str:
    lines = [f"  {name:<8} {who}" for name, who in CAST]
    return "\n".join(
        [
            "",
            f"StudyPortal is ready: {url}",
            f"Sign in as one of these, with the password {PASSWORD}:",
            *lines,
            "The data are synthetic, except one published case. Ctrl-C stops everything.",
            "",
        ]
    )


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="studyportal.embedded.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--var", default=os.environ.get("STUDYPORTAL_VAR") or ROOT / "var", help="the data")
    parser.add_argument(
        "--demo-data",
        action=argparse.BooleanOptionalAction,
        help="load the demo study, even when it was loaded before; or do not load it",
    )
    parser.add_argument("--no-jobs", action="store_true", help="start neither worker nor beat")
    parser.add_argument(
        "--servers-only", action="store_true", help="start PostgreSQL and Valkey, nothing else"
    )
    parser.add_argument(
        "--once-ready",
        metavar="COMMAND",
        nargs=argparse.REMAINDER,
        help="run COMMAND when ready (STUDYPORTAL_URL names the portal), then stop and return its status",
    )
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Bring everything up, keep it up, bring it down; the exit status."""
    supervisor = Supervisor(ROOT, Places.at(options.var))
    status = 0
    with supervisor:
        supervisor.start_servers()
        if not options.servers_only:
            supervisor.prepare()
            supervisor.start_web(options.host, options.port)
            if not options.no_jobs:
                supervisor.start_worker()
            if options.demo_data is not False:
                supervisor.load_demo(always=bool(options.demo_data))
            supervisor.wait_until_ready()
            if not options.no_jobs:
                supervisor.start_beat()
        url = supervisor.url or "(servers only)"
        supervisor.note_ready()
        if options.once_ready:
            words = options.once_ready
            command = shlex.split(words[0]) if len(words) == 1 else words
            status = supervisor.run(command, "the command", quiet=False)
        else:
            print(sign_ins(url) if supervisor.url else "Ready: servers only.", flush=True)
            supervisor.watch()
    return status


def main() -> int:
    try:
        return run(parse())
    except Stopped:
        return 0
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 3
    except (Failed, EmbeddedError, subprocess.SubprocessError) as error:
        print(f"\nThe portal stopped.\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
