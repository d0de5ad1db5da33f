"""Removes embedded data that lies outside the checkout (`make clean`); `var` itself is removed by make."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from studyportal.embedded.leases import wait_until_stopped
from studyportal.embedded.places import Places
from studyportal.embedded.postgres import ServerError


def remove_outside(var: Path) -> None:
    """Remove what the servers of `var` keep elsewhere, once they have stopped. Raises ServerError."""
    places = Places.at(var)
    wait_until_stopped(places, patience=10)
    for outside in (places.servers, places.sockets):
        if outside.exists() and places.var not in outside.parents:
            shutil.rmtree(outside)


def main() -> int:
    var = Path(os.environ.get("STUDYPORTAL_VAR") or Path(__file__).resolve().parents[2] / "var")
    for directory in (var, *sorted(var.glob("tests/*"))):
        try:
            remove_outside(directory)
        except ServerError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
