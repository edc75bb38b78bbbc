"""Nuisance functions: folds, learners, cross-fitting, propensity, overlap."""
