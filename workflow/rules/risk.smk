# Effects by baseline risk: a prognosis blind to treatment, judged, and absolute and relative effects by its groups.


rule risk:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/risk.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
    output:
        performance="<results>/{analysis}/risk/performance.parquet",
        effects="<results>/{analysis}/risk/effects.parquet",
        groups="<results>/{analysis}/risk/groups.parquet",
        distribution="<results>/{analysis}/risk/distribution.parquet",
        found="<results>/{analysis}/risk/risk.json",
    log:
        "<logs>/risk/{analysis}.log",
    benchmark:
        "<benchmarks>/risk/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("risk"),
        runtime=START.minutes("risk"),
    params:
        code=CODE("risk"),
    message:
        "Estimating effects by baseline risk, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/risk.py" --cohort {input.cohort:q}'
        " --outcomes {input.outcomes:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --scores {input.scores:q} --completed {input.completed:q}"
        " --performance {output.performance:q} --effects {output.effects:q} --groups {output.groups:q} --distribution {output.distribution:q}"
        " --found {output.found:q} --log {log:q}"
