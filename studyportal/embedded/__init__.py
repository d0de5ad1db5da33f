"""Real PostgreSQL and a real Redis-protocol server from PyPI wheels, for one command and for tests.

A process that needs them takes a :func:`lease`; the servers run as long as any lease is held and stop by
themselves after the last one, however its holder ended. Imports nothing else of the portal and no Django.
"""

from studyportal.embedded.leases import EmbeddedError, Lease, lease
from studyportal.embedded.places import Places

__all__ = ["EmbeddedError", "Lease", "Places", "lease"]
