"""Estimates of average and heterogeneous effects, all read from one contract of doubly robust scores."""
