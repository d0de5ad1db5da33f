"""The demo study: the published patient, loaded through the REST API, and a synthetic cohort beside her."""
