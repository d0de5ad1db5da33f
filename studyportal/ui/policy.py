"""The headers of every answer: what a page of the portal may load and run, and what may be done with the answer.

Nothing inline, nothing from elsewhere, no frame around it, no copy kept by a browser or a proxy. The middleware
stands outside of everything that answers, so files and error pages carry them too.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Passkeys and the clipboard are the portal's own to use; everything else of a device is nobody's.
PERMISSIONS = ", ".join(
    [
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation",
                "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment", "serial",
                "usb", "xr-spatial-tracking",
            )
        ),
        *(
            f"{feature}=(self)"
            for feature in ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
        ),
    ]
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": PERMISSIONS,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Files of the portal itself say how long they keep; whatever else is not kept anywhere.
    "Cache-Control": "no-store",
}


class SecurityHeadersMiddleware:
    """Sends the headers with every answer; one that brings a header of its own keeps it, except a weaker cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if hasattr(request, "session") and "no-store" not in response.headers["Cache-Control"]:
            # A view answered, not a file of the portal.
            response.headers["Cache-Control"] = "no-store"
        return response
