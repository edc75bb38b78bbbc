"""Why values are missing, as far as data can tell: dependence on values, on the arm, on the outcome, on one another."""
