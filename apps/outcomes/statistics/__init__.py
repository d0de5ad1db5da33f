"""Pure statistics: DataFrame in, table out. No Django, no database, no clock, no randomness.

Numbers stay raw floats until `format` prints them; every table carries its n and its missing values.
"""
