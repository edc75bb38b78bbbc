# What an unmeasured confounder could do to the effects of an observational study.


rule confounding:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/confounding.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "inference")
        ),
        controls=START.files(PLAN.negative_controls()),
    output:
        robustness="<results>/{analysis}/confounding/robustness.parquet",
        bounds="<results>/{analysis}/confounding/bounds.parquet",
        benchmarks="<results>/{analysis}/confounding/benchmarks.parquet",
        contour="<results>/{analysis}/confounding/contour.parquet",
        controls="<results>/{analysis}/confounding/controls.parquet",
        found="<results>/{analysis}/confounding/confounding.json",
    log:
        "<logs>/confounding/{analysis}.log",
    benchmark:
        "<benchmarks>/confounding/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("confounding"),
        runtime=START.minutes("confounding"),
    params:
        code=CODE("confounding"),
    message:
        "Asking what an unmeasured confounder could do, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/confounding.py" --cohort {input.cohort:q}'
        " --outcomes {input.outcomes:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --scores {input.scores:q} --completed {input.completed:q} --control-estimates {input.controls:q}"
        " --robustness {output.robustness:q} --bounds {output.bounds:q} --benchmarks {output.benchmarks:q} --contour {output.contour:q} --controls {output.controls:q}"
        " --found {output.found:q} --log {log:q}"
