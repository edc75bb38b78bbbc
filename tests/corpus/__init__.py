"""Broken studies, data files and environments as a table: input, what is said, exit status."""
