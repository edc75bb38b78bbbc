# Missing outcomes drawn, one job a draw; and what findings owe to them: shifts, tipping points, reference-based.


rule draws:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/draws.json",
        completed=lambda wildcards: START.file(
            PLAN.draw_covariates(wildcards.analysis, wildcards.imputation)
        ),
    output:
        "<results>/{analysis}/outcome_draws/{imputation}.parquet",
    log:
        "<logs>/draws/{analysis}-{imputation}.log",
    benchmark:
        "<benchmarks>/draws/{analysis}-{imputation}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("draws"),
        runtime=START.minutes("draws"),
    params:
        code=CODE("draws"),
    message:
        "Drawing missing outcomes by arm, {wildcards.analysis} {wildcards.imputation}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/draws.py" --draw {wildcards.imputation} --cohort {input.cohort:q}'
        " --outcomes {input.outcomes:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --completed {input.completed:q} --table {output:q} --log {log:q}"


rule sensitivity:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/sensitivity.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "inference")
        ),
        draws=lambda wildcards: START.files(PLAN.draws(wildcards.analysis)),
    output:
        shifts="<results>/{analysis}/sensitivity/shifts.parquet",
        tipping="<results>/{analysis}/sensitivity/tipping.parquet",
        plane="<results>/{analysis}/sensitivity/plane.parquet",
        found="<results>/{analysis}/sensitivity/sensitivity.json",
    log:
        "<logs>/sensitivity/{analysis}.log",
    benchmark:
        "<benchmarks>/sensitivity/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("sensitivity"),
        runtime=START.minutes("sensitivity"),
    params:
        code=CODE("sensitivity"),
    message:
        "Asking what missing outcomes could change, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/sensitivity.py" --cohort {input.cohort:q}'
        " --outcomes {input.outcomes:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --scores {input.scores:q} --completed {input.completed:q} --draws {input.draws:q}"
        " --shifts {output.shifts:q} --tipping {output.tipping:q} --plane {output.plane:q}"
        " --found {output.found:q} --log {log:q}"
