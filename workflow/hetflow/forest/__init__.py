"""Causal forests grown little bag by little bag, in shards that any executor can spread."""
