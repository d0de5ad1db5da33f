"""Settings of the tests: the portal's own on an embedded server that this test session has to itself."""

import fcntl
import os

from config import servers

_held = None
if "STUDYPORTAL_TEST_VAR" not in os.environ:
    # Sessions that run at the same time in one checkout take different numbers; the lock ends with us.
    for number in range(100):
        slot = servers.BASE_DIR / "var" / "tests" / str(number)
        slot.mkdir(parents=True, exist_ok=True)
        _held = (slot / "session.lock").open("ab")
        try:
            fcntl.flock(_held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _held.close()
            continue
        os.environ["STUDYPORTAL_TEST_VAR"] = str(slot)
        break
os.environ["STUDYPORTAL_VAR"] = os.environ["STUDYPORTAL_TEST_VAR"]
os.environ["STUDYPORTAL_DATABASE_ROLE"] = (
    "owner"  # creates the test database, then becomes the application role
)
for _name in ("DATABASE_URL", "REDIS_URL", "DATABASE_OWNER_URL", "DATABASE_PASSWORD_FILE"):
    os.environ.pop(_name, None)

from config.settings import *  # noqa: E402, F403

os.environ.pop("STUDYPORTAL_DATABASE_ROLE")  # children of the tests are the application

# What a test asks the ORM directly is asked behind no wall; each request stands behind its person's.
DATABASES["default"]["OPTIONS"]["options"] = " ".join(  # noqa: F405
    f"-c studyportal.{name}=all"
    for name in ("read", "write", "identity_read", "identity_write", "duplicates", "unmask")
)
# A worker's cache is its own.
CACHES["default"]["KEY_PREFIX"] = os.environ.get("PYTEST_XDIST_WORKER", "main")  # noqa: F405
# So is its database of the cache server: clearing a cache empties the whole of it. 0 is the broker's.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 2
CACHES["default"]["LOCATION"] = servers.cache_url().replace("db=1", f"db={_worker % 15 or 15}")  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False  # Client.login() has no request; the lock-out's own test switches it on
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Tests ask more in a minute than a person does; the rates' own test sets them.
RATES = dict.fromkeys(RATES, 10**9)  # noqa: F405
