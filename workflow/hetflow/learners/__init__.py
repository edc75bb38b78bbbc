"""Learners of the conditional average effect beside the causal forest, on the study's folds and nuisances."""
