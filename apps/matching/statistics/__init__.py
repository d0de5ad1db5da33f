"""Matching of controls to cases: frames in, sets out. No Django; numbers first, words last.

`design` (what was asked), `population` (frames to arrays), `eligibility` (who may be matched to whom, and what removed
the others), `assignment` (which pairs), `balance` (standardised differences), `matching` (all of it), `given` (sets that
were made elsewhere). Everything but `design` brings numpy, pandas or scipy: import it where it is used.
"""
