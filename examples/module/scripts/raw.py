"""A made-up trial of 240 patients: the effect grows with age, and a fifth of the laboratory values are missing."""

import numpy as np
import pandas as pd

UNITS = 240
rng = np.random.default_rng(7)
age = rng.normal(50, 10, UNITS).round(1)
arm = rng.permutation(np.tile([0, 1], UNITS // 2))
crp = rng.lognormal(1, 0.5, UNITS).round(2).astype(object)
crp[rng.random(UNITS) < 0.2] = ""
pain = (5 - 1.0 * arm * (1 + (age - 50) / 20) + rng.normal(size=UNITS)).round(2)
frame = pd.DataFrame({"patient": np.arange(UNITS), "arm": arm, "age": age, "crp": crp, "pain": pain})
frame.to_csv(snakemake.output[0], index=False)  # noqa: F821
