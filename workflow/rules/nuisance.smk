# Nuisance: outcome mean and propensity, cross-fitted. One set for a trial, one an imputation otherwise.


rule nuisance:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        folds="<results>/folds.parquet",
        settings="<results>/{analysis}/settings/nuisance.json",
        guards=lambda wildcards: START.guards(wildcards.analysis),
        completed=lambda wildcards: START.files(
            PLAN.nuisance_covariates(wildcards.analysis, wildcards.set)
        ),
    output:
        table="<results>/{analysis}/nuisance/{set}.parquet",
        quality="<results>/{analysis}/nuisance/{set}.json",
    log:
        "<logs>/nuisance/{analysis}-{set}.log",
    benchmark:
        "<benchmarks>/nuisance/{analysis}-{set}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("nuisance"),
        runtime=START.minutes("nuisance"),
    params:
        code=CODE("nuisance"),
    message:
        "Cross-fitting outcome mean and propensity, {wildcards.analysis} {wildcards.set}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/nuisance.py" --set {wildcards.set} --cohort {input.cohort:q}'
        " --outcomes {input.outcomes:q} --facts {input.facts:q} --folds {input.folds:q}"
        " --settings {input.settings:q} --completed {input.completed:q}"
        " --table {output.table:q} --quality {output.quality:q} --log {log:q}"
