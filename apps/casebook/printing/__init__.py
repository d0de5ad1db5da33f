"""The casebook of a participant on paper: blank or filled, with or without its history. See decision 46."""
