"""The pages of access, by what they are about."""
