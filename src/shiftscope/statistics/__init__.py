"""Intervals, paired tests and corrections: pure functions on arrays, one module per question.

`ratios` says what all of them are given: sums per picture. `proportions` (shares of events), `bootstrap` (other means) and
`intervals` (either, and differences) answer "how sure is the number?", `permutation` "could the two networks be alike?",
`corrections` "and after so many questions?". `uniformity` answers "how far are places in a picture from uniform ones?",
from values that `binned` has counted in cells.
"""
