"""R's mice as a witness, where R and mice are installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
from imputation_world import World
from needs import do_without, program

SCRIPT = """
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(mice))
data <- read.csv(arguments[1], stringsAsFactors = TRUE)
binary <- grepl("^b", names(data))
data[binary] <- lapply(data[binary], factor)
made <- mice(data, m = 1, maxit = 5, method = arguments[3], seed = 1, printFlag = FALSE)
write.csv(complete(made, 1), arguments[2], row.names = FALSE)
"""


def impute_with_mice(world: World, method: str, folder: Path) -> pd.DataFrame:
    """One completed file by ``mice(method = ...)``, five iterations."""
    rscript = program("Rscript")
    if subprocess.run([rscript, "-e", "library(mice)"], capture_output=True).returncode:
        do_without("the R package mice is not installed")
    paths = [folder / name for name in ("seen.csv", "made.csv", "impute.R")]
    world.seen.drop(columns="unit").to_csv(paths[0], index=False)
    paths[2].write_text(SCRIPT)
    subprocess.run([rscript, paths[2], paths[0], paths[1], method], check=True, capture_output=True)
    made = pd.read_csv(paths[1]).assign(unit=world.seen["unit"])
    return made[list(world.seen.columns)]
