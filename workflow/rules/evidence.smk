# Global tests of heterogeneity: does the effect vary with the covariates at all?


rule evidence:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/evidence.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
    output:
        tests="<results>/{analysis}/evidence/tests.parquet",
        found="<results>/{analysis}/evidence/evidence.json",
    log:
        "<logs>/evidence/{analysis}.log",
    benchmark:
        "<benchmarks>/evidence/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("evidence"),
        runtime=START.minutes("evidence"),
    params:
        code=CODE("evidence"),
    message:
        "Testing whether the effect varies at all, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/evidence.py" --cohort {input.cohort:q} --facts {input.facts:q}'
        " --settings {input.settings:q} --scores {input.scores:q} --completed {input.completed:q}"
        " --tests {output.tests:q} --found {output.found:q} --log {log:q}"
