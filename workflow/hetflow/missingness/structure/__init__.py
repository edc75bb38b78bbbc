"""The structure of what is missing: who, together with what, nested in what, and by which design."""
