"""Uploaded files: known by their content, limited, and never changed."""
