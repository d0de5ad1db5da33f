"""The jobs of oversight; this module is where workers look for them."""

from apps.oversight import log_pdf_job

__all__ = ["log_pdf_job"]
