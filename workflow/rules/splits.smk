# Heterogeneity judged by repeated sample splits: a range of splits a job, then medians over all of them.


rule split:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/split.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
    output:
        "<results>/{analysis}/splits/parts/{shard}.parquet",
    log:
        "<logs>/split/{analysis}-{shard}.log",
    benchmark:
        "<benchmarks>/split/{analysis}-{shard}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("split"),
        runtime=START.splitting_minutes(),
    params:
        code=CODE("split"),
    message:
        "Learning on one half and judging by the other, {wildcards.analysis}, splits {wildcards.shard}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/split.py" --splits {wildcards.shard} --cohort {input.cohort:q}'
        " --outcomes {input.outcomes:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --scores {input.scores:q} --completed {input.completed:q} --part {output:q} --log {log:q}"


rule splits:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/splits.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
        parts=lambda wildcards: START.files(PLAN.split_parts(wildcards.analysis)),
    output:
        blp="<results>/{analysis}/splits/blp.parquet",
        gates="<results>/{analysis}/splits/gates.parquet",
        clan="<results>/{analysis}/splits/clan.parquet",
        proxies="<results>/{analysis}/splits/proxies.parquet",
        found="<results>/{analysis}/splits/splits.json",
    log:
        "<logs>/splits/{analysis}.log",
    benchmark:
        "<benchmarks>/splits/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("splits"),
        runtime=START.minutes("splits"),
    params:
        code=CODE("splits"),
    message:
        "Taking medians over sample splits, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/splits.py" --cohort {input.cohort:q}'
        " --outcomes {input.outcomes:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --scores {input.scores:q} --completed {input.completed:q} --parts {input.parts:q}"
        " --blp {output.blp:q} --gates {output.gates:q} --clan {output.clan:q}"
        " --proxies {output.proxies:q} --found {output.found:q} --log {log:q}"
