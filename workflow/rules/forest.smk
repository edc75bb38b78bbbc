# Forest: the heavy stage. Every (imputation, sample, shard) can be a job of its own; the small forests that leave
# folds out share one job for each imputation and shard. Bags are grown on as many threads as a job is given
# (`--set-threads grow=4`); neither that nor the cut into shards changes a result.


rule grow:
    input:
        facts="<results>/cohort.json",
        cohort="<results>/cohort.parquet",
        folds="<results>/folds.parquet",
        settings="<results>/{analysis}/settings/forest.json",
        completed=lambda wildcards: START.file(
            f"{PLAN.owner[wildcards.analysis, 'deployment']}/completed/deployment/{wildcards.imputation}.parquet"
        ),
        nuisance=lambda wildcards: START.file(
            PLAN.nuisance(wildcards.analysis, wildcards.imputation)
        ),
        training=lambda wildcards: START.files(
            PLAN.training(wildcards.analysis, wildcards.imputation)
        ),
    output:
        START.shard("<results>/{analysis}/forest/{imputation}/all/{shard}.parquet"),
    log:
        "<logs>/grow/{analysis}-{imputation}-{shard}.log",
    benchmark:
        "<benchmarks>/grow/{analysis}-{imputation}-{shard}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    threads: 1
    resources:
        mem_mb=START.memory("grow"),
        runtime=START.growing_minutes("all"),
    params:
        code=CODE("grow"),
    message:
        "Growing the forest of {wildcards.analysis}, imputation {wildcards.imputation}, bags {wildcards.shard}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/grow.py" --threads {threads} --imputation {wildcards.imputation} --samples all'
        " --shard {wildcards.shard} --cohort {input.cohort:q} --facts {input.facts:q} --folds {input.folds:q}"
        " --settings {input.settings:q} --completed {input.completed:q} --nuisance {input.nuisance:q}"
        " --training {input.training:q} --sums {output:q} --log {log:q}"


rule grow_held_out:
    input:
        facts="<results>/cohort.json",
        cohort="<results>/cohort.parquet",
        folds="<results>/folds.parquet",
        settings="<results>/{analysis}/settings/forest.json",
        completed=lambda wildcards: START.file(
            f"{PLAN.owner[wildcards.analysis, 'deployment']}/completed/deployment/{wildcards.imputation}.parquet"
        ),
        nuisance=lambda wildcards: START.file(
            PLAN.nuisance(wildcards.analysis, wildcards.imputation)
        ),
        training=lambda wildcards: START.files(
            PLAN.training(wildcards.analysis, wildcards.imputation)
        ),
    output:
        [
            START.shard(
                f"<results>/{{analysis}}/forest/{{imputation}}/{sample}/{{shard}}.parquet"
            )
            for sample in START.held_out_samples
        ],
    log:
        "<logs>/grow_held_out/{analysis}-{imputation}-{shard}.log",
    benchmark:
        "<benchmarks>/grow_held_out/{analysis}-{imputation}-{shard}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    threads: 1
    resources:
        mem_mb=START.memory("grow"),
        runtime=START.growing_minutes("held_out"),
    params:
        code=CODE("grow"),
        samples=START.held_out_samples,
    message:
        "Growing the forests of {wildcards.analysis} that leave folds out, imputation {wildcards.imputation},"
        " bags {wildcards.shard}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/grow.py" --threads {threads} --imputation {wildcards.imputation}'
        " --samples {params.samples}"
        " --shard {wildcards.shard} --cohort {input.cohort:q} --facts {input.facts:q} --folds {input.folds:q}"
        " --settings {input.settings:q} --completed {input.completed:q} --nuisance {input.nuisance:q}"
        " --training {input.training:q} --sums {output:q} --log {log:q}"


rule merge:
    input:
        lambda wildcards: START.files(
            [
                shard
                for sample in PLAN.samples(wildcards.analysis)
                for shard in PLAN.forest(
                    wildcards.analysis, wildcards.imputation, sample
                )
            ]
        ),
    output:
        "<results>/{analysis}/cate/{imputation}.parquet",
    log:
        "<logs>/merge/{analysis}-{imputation}.log",
    benchmark:
        "<benchmarks>/merge/{analysis}-{imputation}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("merge"),
        runtime=START.minutes("merge"),
    params:
        code=CODE("merge"),
    message:
        "Adding up the shards of {wildcards.analysis}, imputation {wildcards.imputation}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/merge.py" --sums {input:q} --cate {output:q} --log {log:q}'
