# Patients who are not in the study: `snakemake predict --config new_data=patients.csv`. The trees of the primary
# analysis are grown once more, the same ones, and kept; later predictions read them.


rule trees:
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
        "<results>/{analysis}/trees/{imputation}/all/{shard}.npz",
    log:
        "<logs>/trees/{analysis}-{imputation}-{shard}.log",
    benchmark:
        "<benchmarks>/trees/{analysis}-{imputation}-{shard}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("grow"),
        runtime=START.growing_minutes("all"),
    params:
        code=CODE("trees"),
    message:
        "Keeping the trees of {wildcards.analysis}, imputation {wildcards.imputation}, bags {wildcards.shard}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/trees.py" --imputation {wildcards.imputation} --shard {wildcards.shard}'
        " --cohort {input.cohort:q} --facts {input.facts:q} --folds {input.folds:q} --settings {input.settings:q}"
        " --completed {input.completed:q} --nuisance {input.nuisance:q} --training {input.training:q} --trees {output:q} --log {log:q}"


if START.new_data:

    rule predict:
        input:
            data=START.new_data,
            settings="<results>/settings/cohort.json",
            facts="<results>/cohort.json",
            cohort="<results>/cohort.parquet",
            deployment=START.file(PLAN.settings(PRIMARY, "deployment")),
            estimates=START.file(PLAN.settings(PRIMARY, "estimates")),
            completed=START.files(PLAN.completed(PRIMARY, "deployment")),
            imputers=START.files(PLAN.imputers(PRIMARY)),
            trees=START.files(PLAN.trees(PRIMARY)),
        output:
            table=START.predictions("parquet"),
            readable=START.predictions("csv"),
        log:
            "<logs>/predict.log",
        benchmark:
            "<benchmarks>/predict.tsv"
        conda:
            "../../envs/hetflow.yaml"
        envmodules:
            *START.site.modules,
        resources:
            mem_mb=START.memory("grow"),
            runtime=START.minutes("merge"),
        params:
            code=CODE("predict"),
        message:
            "Scoring the patients of {input.data}"
        shell:
            '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/predict.py" --data {input.data:q} --settings {input.settings:q}'
            " --facts {input.facts:q} --cohort {input.cohort:q} --deployment {input.deployment:q}"
            " --estimates {input.estimates:q} --completed {input.completed:q} --imputers {input.imputers:q}"
            " --trees {input.trees:q}"
            " --table {output.table:q} --readable {output.readable:q} --log {log:q}"
