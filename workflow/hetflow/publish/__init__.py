"""Publishing: what may leave the study, and how it is described."""
