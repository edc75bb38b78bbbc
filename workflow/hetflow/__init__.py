"""hetflow: reproducible treatment-effect heterogeneity studies."""

__version__ = "0.1.0"
