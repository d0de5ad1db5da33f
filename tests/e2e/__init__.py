"""One running portal, one browser, one file for each person who works with it."""
