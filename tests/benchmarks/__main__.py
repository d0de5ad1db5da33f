"""Measure the portal against this machine: `python -m tests.benchmarks [save] [pages] [export] [wall] [chain] [form] [options]`.

Everything runs in a scratch installation of its own (embedded servers with the durability of the real ones,
gunicorn as the supervisor starts it, generated data), which is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

from tests.benchmarks.portal import ROOT, Portal
from tests.benchmarks.report import Report

PARTS = ("save", "pages", "export", "wall", "chain", "form")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--rows", type=int, default=1_000_000, help="laboratory results in the export")
    parser.add_argument("--participants", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=50_000, help="of the consent log")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement under load")
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "benchmarks", help="scratch directory")
    options = parser.parse_args()
    if unknown := sorted(set(options.parts) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; parts: {', '.join(PARTS)}")
    if options.participants < 2 or options.rows < 1:
        parser.error("at least 2 participants and 1 row are needed")
    chosen = set(options.parts or PARTS)

    report = Report(f"StudyPortal on {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with Portal(options.var) as portal:
        say("scratch installation ready")
        import django

        django.setup()
        from tests.benchmarks import parts, study
        from tests.benchmarks.wall import wall

        people = study.make_people()
        study.make_participants(portal.places, options.participants)
        say(f"{options.participants:,} participants with {len(study.VISITS)} visits each")
        if "chain" in chosen:
            from tests.benchmarks.chain import chain

            chain(portal, report, entries=options.entries)
            say("chain measured")
        if chosen == {"chain"}:
            print(report.text())
            return 0
        portal.start_web()
        save_options = {"participants": options.participants, "seconds": options.seconds}
        if "save" in chosen:
            parts.save(portal, people, report, **save_options)
            say("saves measured")
        if "form" in chosen:
            from tests.benchmarks.form import form

            form(portal, people, report, participants=options.participants, seconds=options.seconds)
            say("forms opened and saved")
        if chosen <= {"chain", "form"}:
            print(report.text())
            return 0
        seconds = study.make_results(portal.places, options.rows)
        say(f"{options.rows:,} laboratory results generated in {seconds:.0f} s")
        if "pages" in chosen:
            parts.pages(
                portal, people, report, participants=options.participants, seconds=min(options.seconds, 3)
            )
            say("pages measured")
        if "wall" in chosen:
            wall(portal.places, report)
            say("wall measured")
        if "export" in chosen:
            with_saved = parts.count(portal, "labs_labresult")
            parts.export(portal, people, report, rows=with_saved)
            say("export measured")
        if "save" in chosen:
            parts.save(portal, people, report, **save_options)
            say("saves measured again, with the rows there")
    report.notes.append(
        "Limits: pgbench, one prepared INSERT of a row as wide; the SELECTs of the page by psycopg2;"
    )
    report.notes.append(
        "COPY (same query) TO STDOUT by psycopg2; the same query past the wall. Server, gunicorn and clients share this machine."
    )
    print(report.text())
    return 0


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
