"""`manage.py load_demo --url http://127.0.0.1:8000`: fills a demo portal; run again, it adds what is missing."""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo import cast, load_seed, load_synthetic, synthetic
from demo.client import ApiRefused, HttpTransport


class Command(BaseCommand):
    help = "Load the demo study: the published case through the REST API at --url, and a synthetic cohort."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--url", required=True, help="address of the running portal, such as http://127.0.0.1:8000"
        )
        parser.add_argument(
            "--synthetic",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="the synthetic cohort, too",
        )
        parser.add_argument("--seed", type=int, default=synthetic.SEED, help="seed of the synthetic cohort")
        parser.add_argument("--cases", type=int, default=synthetic.CASES, help="number of synthetic cases")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "This portal is not in demo mode: load_demo creates users with a known password. To fill a portal of"
                " your own with the demo, set DEMO=true in its environment; never do so where real data are kept."
            )
        try:
            transport = HttpTransport(options["url"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        added = cast.ensure()
        self.stdout.write(f"Sites and users: {', '.join(added) or 'all there'}.")
        try:
            load_seed.load(transport, password=cast.PASSWORD, say=self._say)
        except (ApiRefused, load_seed.SeedError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"The portal at {options['url']} does not answer ({error}). Start it, and give its address as --url."
            ) from error
        finally:
            transport.close()
        if options["synthetic"]:
            try:
                load_synthetic.load_sites_at_once(seed=options["seed"], cases=options["cases"], say=self._say)
            except RuntimeError as error:
                raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
