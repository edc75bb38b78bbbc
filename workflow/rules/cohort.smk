# Cohort: the raw file read, typed and checked; outcomes apart; folds drawn before outcomes are looked at.


rule ingest:
    input:
        data=START.data_file,
        settings="<results>/settings/cohort.json",
    output:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        flow="<results>/flow.parquet",
        baseline="<results>/baseline.parquet",
        reasons="<results>/reasons.parquet",
    log:
        "<logs>/ingest.log",
    benchmark:
        "<benchmarks>/ingest.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("ingest"),
        runtime=START.minutes("ingest"),
    params:
        code=CODE("ingest"),
        data=lambda wildcards: START.data_hash(),
    message:
        "Reading and checking the raw data"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/ingest.py" --data {input.data:q} --settings {input.settings:q}'
        " --cohort {output.cohort:q} --outcomes {output.outcomes:q} --facts {output.facts:q}"
        " --flow {output.flow:q} --baseline {output.baseline:q} --reasons {output.reasons:q} --log {log:q}"


rule folds:
    input:
        cohort="<results>/cohort.parquet",
        settings="<results>/settings/folds.json",
    output:
        "<results>/folds.parquet",
    log:
        "<logs>/folds.log",
    benchmark:
        "<benchmarks>/folds.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("folds"),
        runtime=START.minutes("folds"),
    params:
        code=CODE("folds"),
    message:
        "Drawing folds within arm and stratum"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/folds.py" --cohort {input.cohort:q} --settings {input.settings:q}'
        " --folds {output:q} --log {log:q}"


# Every analysis is tried on the cohort before anything long is computed. What follows waits for the file and does
# not run again when it changes (`ancient`).
rule feasible:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        folds="<results>/folds.parquet",
        settings="<results>/settings/feasible.json",
    output:
        "<results>/feasible.json",
    log:
        "<logs>/feasible.log",
    benchmark:
        "<benchmarks>/feasible.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("ingest"),
        runtime=START.minutes("ingest"),
    params:
        code=CODE("feasible"),
    message:
        "Checking that every analysis can be run on this cohort"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/feasible.py" --cohort {input.cohort:q} --outcomes {input.outcomes:q}'
        " --facts {input.facts:q} --folds {input.folds:q} --settings {input.settings:q}"
        " --feasible {output:q} --log {log:q}"
