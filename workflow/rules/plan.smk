# The analysis plan: frozen before outcomes are read, by `snakemake plan`. It lies beside the study file, not among the
# results, and is never written over.


rule plan:
    input:
        cohort="<results>/settings/cohort.json",
        planned="<results>/settings/planned.json",
    log:
        "<logs>/plan.log",
    localrule: True
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    params:
        data=START.data_file,
        folder=START.plan_folder,
        results=lambda wildcards, input: os.path.dirname(os.path.dirname(input.cohort)),
    message:
        "Freezing the analysis plan; no row of the data is read"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/plan.py" --data {params.data:q} --cohort {input.cohort:q}'
        " --planned {input.planned:q} --results {params.results:q} --folder {params.folder:q} --log {log:q}"


# Whether the run followed the plan that was frozen, if one was: a plan that is frozen later repeats this and the page.
rule followed:
    input:
        settings="<results>/settings/report.json",
        cohort="<results>/settings/cohort.json",
        planned="<results>/settings/planned.json",
        data=START.data_file,
        plan=START.plan_files(local),
        facts="<results>/cohort.json",
        flow="<results>/flow.parquet",
        baseline="<results>/baseline.parquet",
        missingness=START.files(PLAN.missingness()),
        estimates="<results>/estimates.parquet",
        pieces=START.files(PLAN.report_pieces()),
    output:
        table="<results>/plan/deviations.parquet",
        facts="<results>/plan/followed.json",
    log:
        "<logs>/followed.log",
    benchmark:
        "<benchmarks>/followed.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("page"),
        runtime=START.minutes("page"),
    params:
        code=CODE("followed"),
        results=lambda wildcards, input: os.path.dirname(input.facts),
    message:
        "Comparing what was done with what was planned"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/followed.py" --results {params.results:q} --settings {input.settings:q}'
        " --cohort {input.cohort:q} --planned {input.planned:q} --data {input.data:q} --plan {input.plan:q}"
        ' --lock "$HETFLOW_LOCK" --table {output.table:q} --facts {output.facts:q} --log {log:q}'
