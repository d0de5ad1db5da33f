"""Case report forms: declared once, used everywhere."""
