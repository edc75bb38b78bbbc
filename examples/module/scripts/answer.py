"""One sentence from hetflow's table of estimates; results/README.md explains its columns."""

from pathlib import Path

import pandas as pd

table = pd.read_parquet(snakemake.input.estimates[0])  # noqa: F821
own = (table["analysis"] == "primary") & (table["estimand"] == "ATE")
effect = table[own].iloc[0]
text = (
    f"Treatment changes pain by {effect['estimate']:.2f} ({effect['lower']:.2f} to {effect['upper']:.2f}).\n"
)
Path(snakemake.output[0]).write_text(text)  # noqa: F821
