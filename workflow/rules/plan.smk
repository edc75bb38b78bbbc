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
        "$HETFLOW_PYTHON $HETFLOW_SCRIPTS/plan.py --data {params.data:q} --cohort {input.cohort:q}"
        " --planned {input.planned:q} --results {params.results:q} --folder {params.folder:q} --log {log:q}"
