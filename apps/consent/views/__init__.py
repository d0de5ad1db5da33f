"""The pages of consent, by topic."""
