"""Removes embedded data that lies outside the checkout (`make clean`); `var` itself is removed by make."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from studyportal.embedded.leases import wait_until_stopped
from studyportal.embedded.places import Places
from studyportal.embedded.postgres import ServerError


def main() -> int:
    var = Path(os.environ.get("STUDYPORTAL_VAR") or Path(__file__).resolve().parents[2] / "var")
    for directory in (var, *sorted(var.glob("tests/*"))):
        places = Places.at(directory)
        try:
            wait_until_stopped(places, patience=5)
        except ServerError as error:
            print(error, file=sys.stderr)
            return 1
        for outside in (places.servers, places.sockets):
            if outside.exists() and places.var not in outside.parents:
                shutil.rmtree(outside)
    return 0


if __name__ == "__main__":
    sys.exit(main())
