"""The pages of the casebook: pages are read, entry is typed into."""
