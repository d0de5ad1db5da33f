"""Error reports without people: no local variable and no posted value, of any view, ever stands in one."""

from __future__ import annotations

from typing import Any

from django.views.debug import SafeExceptionReporterFilter


class NoValues(SafeExceptionReporterFilter):
    """`DEFAULT_EXCEPTION_REPORTER_FILTER`. Django's own leaves out what a function marks as sensitive; a template's
    context, a form's data or a library's argument are marked by nobody, so here nothing is shown but the code."""

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]

    def get_post_parameters(self, request: Any) -> Any:
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)
