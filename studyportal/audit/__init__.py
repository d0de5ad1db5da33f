"""What changed, by whom, when, by which road, from what to what, and why."""

from studyportal.audit.context import acting, because, identify
from studyportal.audit.reasons import Reason
from studyportal.audit.tracking import tracked

__all__ = ["Reason", "acting", "because", "identify", "tracked"]
