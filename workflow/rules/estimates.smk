# Scores, the one contract that every estimate reads; the estimates of each analysis; all of them joined.


rule scores:
    input:
        cohort="<results>/cohort.parquet",
        settings="<results>/{analysis}/settings/scores.json",
        outcomes="<results>/outcomes.parquet",
        nuisance=lambda wildcards: START.file(
            PLAN.nuisance_of(wildcards.analysis, wildcards.set)
        ),
        cate=lambda wildcards: START.files(PLAN.cate(wildcards.analysis)),
        draws=lambda wildcards: START.files(
            PLAN.draw_of(wildcards.analysis, wildcards.set)
        ),
    output:
        "<results>/{analysis}/scores/{set}.parquet",
    log:
        "<logs>/scores/{analysis}-{set}.log",
    benchmark:
        "<benchmarks>/scores/{analysis}-{set}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("scores"),
        runtime=START.minutes("scores"),
    params:
        code=CODE("scores"),
    message:
        "Making doubly robust scores, {wildcards.analysis} {wildcards.set}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/scores.py" --cohort {input.cohort:q}'
        " --settings {input.settings:q} --nuisance {input.nuisance:q} --cate {input.cate:q}"
        " --outcomes {input.outcomes:q} --draws {input.draws:q} --scores {output:q} --log {log:q}"


# Of forests trained on inference-mode covariates: the null distribution of AUTOC, one job and one file a permutation.
rule permutation:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        folds="<results>/folds.parquet",
        settings="<results>/{analysis}/settings/permutation.json",
        nuisance=lambda wildcards: START.file(
            f"{PLAN.owner[wildcards.analysis, 'nuisance']}/nuisance/shared.parquet"
        ),
        completed=lambda wildcards: START.files(
            PLAN.permuted_covariates(wildcards.analysis)
        ),
    output:
        "<results>/{analysis}/permutations/{permutation}.json",
    log:
        "<logs>/permutation/{analysis}-{permutation}.log",
    benchmark:
        "<benchmarks>/permutation/{analysis}-{permutation}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("grow"),
        runtime=START.minutes("permutation"),
    params:
        code=CODE("permutation"),
    message:
        "Drawing the arms of {wildcards.analysis} anew, permutation {wildcards.permutation}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/permutation.py" --permutation {wildcards.permutation}'
        " --cohort {input.cohort:q} --outcomes {input.outcomes:q} --facts {input.facts:q} --folds {input.folds:q}"
        " --settings {input.settings:q} --nuisance {input.nuisance:q} --completed {input.completed:q}"
        " --statistic {output:q} --log {log:q}"


rule estimates:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/estimates.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "inference")
        ),
        notices=lambda wildcards: START.files(
            PLAN.notices(wildcards.analysis, "inference")
        ),
        permutations=lambda wildcards: START.files(
            PLAN.permutations(wildcards.analysis)
        ),
    output:
        table="<results>/{analysis}/estimates.parquet",
        covariance="<results>/{analysis}/covariance.npz",
        joint="<results>/{analysis}/joint.parquet",
        curves="<results>/{analysis}/curves.parquet",
        displays="<results>/{analysis}/displays.parquet",
        notices="<results>/{analysis}/notices.json",
    log:
        "<logs>/estimates/{analysis}.log",
    benchmark:
        "<benchmarks>/estimates/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("estimates"),
        runtime=START.minutes("estimates"),
    params:
        code=CODE("estimates"),
    message:
        "Estimating, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/estimates.py" --analysis {wildcards.analysis} --cohort {input.cohort:q} --facts {input.facts:q}'
        " --settings {input.settings:q} --scores {input.scores:q} --completed {input.completed:q}"
        " --completion-notices {input.notices:q} --table {output.table:q} --covariance {output.covariance:q} --joint {output.joint:q} --curves {output.curves:q}"
        " --displays {output.displays:q} --notices {output.notices:q} --permutations {input.permutations:q}"
        " --log {log:q}"


rule collect:
    input:
        settings="<results>/settings/collect.json",
        estimates=START.files(
            [f"{analysis}/estimates.parquet" for analysis in PLAN.analyses]
        ),
    output:
        "<results>/estimates.parquet",
    log:
        "<logs>/collect.log",
    benchmark:
        "<benchmarks>/collect.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("collect"),
        runtime=START.minutes("collect"),
    params:
        code=CODE("collect"),
    message:
        "Joining the estimates of all analyses"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/collect.py" --settings {input.settings:q} --estimates {input.estimates:q}'
        " --table {output:q} --log {log:q}"
