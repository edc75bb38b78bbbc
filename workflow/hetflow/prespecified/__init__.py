"""The analysis plan frozen before outcomes are read, and whether a run followed it (docs/plan.md)."""
