"""How many requests are answered in a minute: one counter in the cache per caller and minute, one round trip.

A cache that is away stops nobody: data entry goes on, and the log says so.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from rest_framework import exceptions
from rest_framework.throttling import BaseThrottle

from studyportal.api.client import address_of

logger = logging.getLogger(__name__)

MINUTE = 60


class PerMinute(BaseThrottle):
    """The default of the API: `person` by the signed-in person, `stranger` by address.

    A view with `rate = "tokens"` has that rate of settings.RATES instead, by address.
    """

    seconds = 0

    def allow_request(self, request: Any, view: Any) -> bool:
        special = getattr(view, "rate", None)
        if special is None and request.user is not None and request.user.is_authenticated:
            name, caller = "person", str(request.user.pk)
        else:
            name, caller = special or "stranger", address_of(request)
        self.seconds = over(name, caller)
        return not self.seconds

    def wait(self) -> float:
        return self.seconds


def over(name: str, caller: str) -> int:
    """Count one of the kind for the caller; 0 while within the rate, else the seconds until the next minute."""
    limit: int = settings.RATES[name]
    minute, second = divmod(int(time.time()), MINUTE)
    try:
        with _server().pipeline(transaction=False) as both:
            both.incr(key := cache.make_key(f"rate:{name}:{caller}:{minute}"))
            both.expire(key, 2 * MINUTE)
            count, _kept = both.execute()
    except redis.RedisError:
        logger.exception("The cache does not answer: nobody is held to a rate.")
        return 0
    return MINUTE - second if count > limit else 0


def refuse_when_over(name: str, caller: str) -> None:
    """Raises Throttled (429 with Retry-After) when the caller is over the rate."""
    if seconds := over(name, caller):
        raise exceptions.Throttled(wait=seconds)


class TooMany(Exception):
    """As many as are allowed at once are running."""


@contextmanager
def place(name: str, caller: str, *, most: int, seconds: int = 900) -> Iterator[None]:
    """One of `most` places that the caller has at once; TooMany when all are taken.

    A place whose holder died is free again after `seconds`.
    """
    key, mine, now = cache.make_key(f"places:{name}:{caller}"), uuid.uuid4().hex, time.time()
    try:
        server = _server()
        with server.pipeline() as all_at_once:
            all_at_once.zremrangebyscore(key, 0, now)
            all_at_once.zadd(key, {mine: now + seconds})
            all_at_once.zrank(key, mine)
            all_at_once.expire(key, seconds)
            rank = all_at_once.execute()[2]
    except redis.RedisError:
        logger.exception("The cache does not answer: nobody's places are counted.")
        yield
        return
    try:
        if rank >= most:
            raise TooMany
        yield
    finally:
        with suppress(redis.RedisError):  # it is free again by itself
            server.zrem(key, mine)


def _server() -> Any:
    """The Redis of the cache itself: Django's own `incr` asks twice and lets a counter live for ever."""
    return cache._cache.get_client(write=True)  # type: ignore[attr-defined]
