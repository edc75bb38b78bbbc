# Effect modifiers: how the effect runs along named covariates and over pairs, and an exploratory ranking of all.


rule modifiers:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        folds="<results>/folds.parquet",
        settings="<results>/{analysis}/settings/modifiers.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        deployment=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
        inference=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "inference")
        ),
        nuisance=lambda wildcards: START.files(PLAN.nuisances(wildcards.analysis)),
        training=lambda wildcards: START.files(PLAN.training_files(wildcards.analysis)),
    output:
        importance="<results>/{analysis}/modifiers/importance.parquet",
        displays="<results>/{analysis}/modifiers/displays.parquet",
        cells="<results>/{analysis}/modifiers/cells.parquet",
        found="<results>/{analysis}/modifiers/modifiers.json",
    log:
        "<logs>/modifiers/{analysis}.log",
    benchmark:
        "<benchmarks>/modifiers/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("modifiers"),
        runtime=START.minutes("modifiers"),
    params:
        code=CODE("modifiers"),
    message:
        "Asking which covariates the effect varies with, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/modifiers.py" --cohort {input.cohort:q} --facts {input.facts:q}'
        " --folds {input.folds:q} --settings {input.settings:q} --scores {input.scores:q}"
        " --deployment {input.deployment:q} --inference {input.inference:q} --nuisance {input.nuisance:q}"
        " --training {input.training:q} --importance {output.importance:q} --displays {output.displays:q}"
        " --cells {output.cells:q} --found {output.found:q} --log {log:q}"
