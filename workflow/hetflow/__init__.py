"""hetflow: reproducible treatment-effect heterogeneity studies."""

__version__ = "0.2.0"
