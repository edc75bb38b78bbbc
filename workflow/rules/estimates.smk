# Scores, the one contract that every estimate reads; the estimates of each analysis; all of them joined.


rule scores:
    message:
        "Making doubly robust scores, {wildcards.analysis} {wildcards.set}"
    input:
        cohort="<results>/cohort.parquet",
        settings="<results>/{analysis}/settings/scores.json",
        nuisance=lambda wildcards: START.file(
            f"{PLAN.owner[wildcards.analysis, 'nuisance']}/nuisance/{wildcards.set}.parquet"
        ),
        cate=lambda wildcards: START.files(PLAN.cate(wildcards.analysis)),
    output:
        "<results>/{analysis}/scores/{set}.parquet",
    params:
        code=CODE("scores"),
    log:
        "<logs>/scores/{analysis}-{set}.log",
    benchmark:
        "<benchmarks>/scores/{analysis}-{set}.tsv"
    resources:
        mem_mb=START.memory("scores"),
        runtime=START.minutes("scores"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/scores.py --cohort {input.cohort:q}"
        " --settings {input.settings:q} --nuisance {input.nuisance:q} --cate {input.cate:q}"
        " --scores {output:q} --log {log:q}"


rule estimates:
    message:
        "Estimating, {wildcards.analysis}"
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/estimates.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(PLAN.completed(wildcards.analysis, "inference")),
        notices=lambda wildcards: START.files(PLAN.notices(wildcards.analysis, "inference")),
    output:
        table="<results>/{analysis}/estimates.parquet",
        covariance="<results>/{analysis}/covariance.npz",
        curves="<results>/{analysis}/curves.parquet",
        displays="<results>/{analysis}/displays.parquet",
        notices="<results>/{analysis}/notices.json",
    params:
        code=CODE("estimates"),
    log:
        "<logs>/estimates/{analysis}.log",
    benchmark:
        "<benchmarks>/estimates/{analysis}.tsv"
    resources:
        mem_mb=START.memory("estimates"),
        runtime=START.minutes("estimates"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/estimates.py --analysis {wildcards.analysis} --cohort {input.cohort:q} --facts {input.facts:q}"
        " --settings {input.settings:q} --scores {input.scores:q} --completed {input.completed:q}"
        " --completion-notices {input.notices:q} --table {output.table:q} --covariance {output.covariance:q} --curves {output.curves:q}"
        " --displays {output.displays:q} --notices {output.notices:q} --log {log:q}"


rule collect:
    message:
        "Joining the estimates of all analyses"
    input:
        settings="<results>/settings/collect.json",
        estimates=START.files([f"{analysis}/estimates.parquet" for analysis in PLAN.analyses]),
    output:
        "<results>/estimates.parquet",
    params:
        code=CODE("collect"),
    log:
        "<logs>/collect.log",
    benchmark:
        "<benchmarks>/collect.tsv"
    resources:
        mem_mb=START.memory("collect"),
        runtime=START.minutes("collect"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/collect.py --settings {input.settings:q} --estimates {input.estimates:q}"
        " --table {output:q} --log {log:q}"
