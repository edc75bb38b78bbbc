# Cohort: the raw file read, typed and checked; outcomes apart; folds drawn before outcomes are looked at.


rule ingest:
    message:
        "Reading and checking the raw data"
    input:
        data=START.data_file,
        settings="<results>/settings/cohort.json",
    output:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        flow="<results>/flow.parquet",
        baseline="<results>/baseline.parquet",
    params:
        code=CODE("ingest"),
    log:
        "<logs>/ingest.log",
    benchmark:
        "<benchmarks>/ingest.tsv"
    resources:
        mem_mb=START.memory("ingest"),
        runtime=START.minutes("ingest"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/ingest.py --data {input.data:q} --settings {input.settings:q}"
        " --cohort {output.cohort:q} --outcomes {output.outcomes:q} --facts {output.facts:q}"
        " --flow {output.flow:q} --baseline {output.baseline:q} --log {log:q}"


rule folds:
    message:
        "Drawing folds within arm and stratum"
    input:
        cohort="<results>/cohort.parquet",
        settings="<results>/settings/folds.json",
    output:
        "<results>/folds.parquet",
    params:
        code=CODE("folds"),
    log:
        "<logs>/folds.log",
    benchmark:
        "<benchmarks>/folds.tsv"
    resources:
        mem_mb=START.memory("folds"),
        runtime=START.minutes("folds"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/folds.py --cohort {input.cohort:q} --settings {input.settings:q}"
        " --folds {output:q} --log {log:q}"
