"""The API as people read it: a page made from the OpenAPI document, and the catalogue of its problems."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator

# code → status, when it happens, what to do
PROBLEMS: tuple[tuple[str, int, Any, Any], ...] = (
    (
        "invalid",
        400,
        _("One or more values cannot be true."),
        _("Mend the fields named in “errors”; nothing was saved."),
    ),
    (
        "parse_error",
        400,
        _("The body is not JSON, or has two meanings: a member sent twice, NaN, too deep."),
        _("Send one JSON object, encoded as UTF-8."),
    ),
    ("bad_request", 400, _("The request itself cannot be read."), _("See “detail”.")),
    ("too_many_fields", 400, _("A form with more fields than any form has."), _("Send fewer.")),
    ("host", 400, _("The portal has no such host name."), _("Use the address that you were given.")),
    (
        "malformed",
        400,
        _("The body is JSON, but no object."),
        _("Send one object with the fields of the form."),
    ),
    ("nul_character", 400, _("An address or a text contains a NUL character."), _("Remove it.")),
    ("if_match_invalid", 400, _("If-Match names no version."), _("Send the ETag as the portal gave it.")),
    ("token_refused", 400, _("The token cannot be made as asked."), _("Give a name, and 1 to 365 days.")),
    ("not_authenticated", 401, _("No token or session."), _("Send “Authorization: Token …”.")),
    (
        "authentication_failed",
        401,
        _("The token is unknown, ended, or its user is not active."),
        _("Make a new one."),
    ),
    (
        "wrong_credentials",
        401,
        _("User name and password do not belong together."),
        _("Try again; ten failures rest."),
    ),
    (
        "permission_denied",
        403,
        _("Your roles do not include this."),
        _("Ask the administrator if your work needs it."),
    ),
    (
        "session_ended",
        401,
        _("The session ended: no activity for a while, or it lasted as long as a session may."),
        _("Sign in again."),
    ),
    (
        "second_factor_required",
        401,
        _("The password is right, and a second factor protects the account."),
        _("Send `code` too."),
    ),
    (
        "wrong_code",
        401,
        _("The code of the second factor is wrong, used or out of date."),
        _("Send a fresh one."),
    ),
    (
        "second_factor_missing",
        403,
        _("Your role asks for a second factor, and you have none yet."),
        _("Set one up on the page that the answer names."),
    ),
    (
        "password_is_temporary",
        403,
        _("Your password was given to you for once."),
        _("Choose your own on the page that the answer names."),
    ),
    (
        "token_read_only",
        403,
        _("The token only reads."),
        _("Make one with access “read_write”."),
    ),
    ("token_sites", 403, _("The token is for some sites only."), _("Make one without sites.")),
    (
        "token_dataset",
        403,
        _("The token is for named datasets, and this is none of them."),
        _("Make one for this dataset, or without datasets."),
    ),
    (
        "token_profile",
        403,
        _("More is asked for than you, or the token, may have: dates and free text."),
        _("Leave `profile` out."),
    ),
    (
        "token_cannot_issue",
        403,
        _("A token cannot make tokens."),
        _("Send the request without Authorization, with your password."),
    ),
    ("locked_out", 429, _("Too many wrong passwords or codes."), _("Wait as long as Retry-After says.")),
    (
        "csrf",
        403,
        _("A session request came without its CSRF token."),
        _("Send X-CSRFToken, or use a token."),
    ),
    ("not_found", 404, _("It does not exist, or belongs to another site."), _("Check the identifier.")),
    (
        "method_not_allowed",
        405,
        _("This address does not offer the method."),
        _("See the methods on this page."),
    ),
    (
        "refused",
        409,
        _("What must come before has not happened: consent, release, identity …"),
        _("See “errors”."),
    ),
    (
        "stale_version",
        412,
        _("Somebody saved meanwhile; “current” shows their version, “changed” both values by field."),
        _("Merge, then send again."),
    ),
    (
        "idempotency_key_invalid",
        400,
        _("The Idempotency-Key is none: 8 to 200 printable ASCII characters, such as a UUID."),
        _("Send another one."),
    ),
    (
        "idempotency_key_reused",
        422,
        _("This Idempotency-Key came before with other content; “id” names what it made."),
        _("Send new content with a new key."),
    ),
    (
        "length_required",
        411,
        _("The body came in chunks, without its length."),
        _("Send Content-Length."),
    ),
    (
        "content_encoding",
        415,
        _("The body is compressed."),
        _("Send it as it is."),
    ),
    (
        "throttled",
        429,
        _("Too many requests in this minute, or too many downloads at once."),
        _("Wait as many seconds as Retry-After says."),
    ),
    (
        "too_large",
        413,
        _("The body is larger than the portal takes at once."),
        _("Send fewer records at a time."),
    ),
    ("unsupported_media_type", 415, _("The body is not application/json."), _("Set Content-Type.")),
    (
        "if_match_required",
        428,
        _("An update did not say which version it saw."),
        _("Send If-Match with the ETag."),
    ),
    (
        "server_error",
        500,
        _("The portal failed."),
        _("Nothing was saved in part. The fault is logged; try again."),
    ),
)


@dataclass(frozen=True)
class Member:
    name: str
    type: str
    required: bool
    read_only: bool
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str
    ident: str
    text: str
    parameters: tuple[Member, ...]
    body: tuple[Member, ...]
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Group:
    name: str
    endpoints: tuple[Endpoint, ...]


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html", {"groups": groups(), "problems": PROBLEMS})


def problems_page(request: HttpRequest) -> HttpResponse:
    return render(request, "api/problems.html", {"problems": PROBLEMS})


@cache
def groups() -> tuple[Group, ...]:
    """The endpoints by tag. Made once per process: the code does not change under it."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    components = document.get("components", {}).get("schemas", {})
    found: dict[str, list[Endpoint]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            found.setdefault(tag if tag != "v1" else path.split("/")[3], []).append(
                _endpoint(path, method, operation, components)
            )
    return tuple(Group(name, tuple(endpoints)) for name, endpoints in sorted(found.items()))


def _endpoint(path: str, method: str, operation: dict[str, Any], components: dict[str, Any]) -> Endpoint:
    content = operation.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()), {}).get("schema", {})
    return Endpoint(
        method=method.upper(),
        path=path,
        ident=operation.get("operationId", ""),
        text=operation.get("description", "").strip(),
        parameters=tuple(
            Member(
                name=parameter["name"],
                type=_type(parameter.get("schema", {}), components),
                required=bool(parameter.get("required")),
                read_only=False,
                text=f"{parameter['in']}. {parameter.get('description', '')}".strip(),
                choices=tuple(str(one) for one in parameter.get("schema", {}).get("enum", ())),
            )
            for parameter in operation.get("parameters", ())
        ),
        body=_members(schema, components),
        answers=tuple(
            (status, answer.get("description") or "")
            for status, answer in operation.get("responses", {}).items()
        ),
    )


def _members(schema: dict[str, Any], components: dict[str, Any]) -> tuple[Member, ...]:
    resolved = _resolved(schema, components)
    required = set(resolved.get("required", ()))
    return tuple(
        Member(
            name=name,
            type=_type(inner, components),
            required=name in required,
            read_only=bool(inner.get("readOnly")),
            text=inner.get("description", "").split("\n")[0],
            choices=_choices(inner, components),
        )
        for name, inner in resolved.get("properties", {}).items()
        if not inner.get("readOnly")
    )


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return components.get(reference.rsplit("/", 1)[1], {}) if reference else schema


def _alternatives(schema: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    found = [_resolved(one, components) for key in ("oneOf", "anyOf", "allOf") for one in schema.get(key, ())]
    return found or [_resolved(schema, components)]


def _type(schema: dict[str, Any], components: dict[str, Any]) -> str:
    kinds: list[str] = []
    for one in _alternatives(schema, components):
        kind = one.get("type", "")
        names = kind if isinstance(kind, list) else [kind]
        kinds += [one.get("format") or name for name in names if name and name != "null"]
    return " or ".join(dict.fromkeys(kinds))


def _choices(schema: dict[str, Any], components: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(choice) for one in _alternatives(schema, components) for choice in one.get("enum", ()) if choice
    )
