"""How charts become places in a drawing. Pages import from `studyportal.ui.charts`."""
