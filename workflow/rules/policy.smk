# What rules that decide whom to treat would gain: rankings compared, trees, gain curves, benefit against harm.


rule policy:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/policy.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
        harm=lambda wildcards: START.files(PLAN.harm(wildcards.analysis)),
    output:
        ranking="<results>/{analysis}/policy/ranking.parquet",
        curves="<results>/{analysis}/policy/curves.parquet",
        values="<results>/{analysis}/policy/values.parquet",
        trees="<results>/{analysis}/policy/trees.parquet",
        harms="<results>/{analysis}/policy/harms.parquet",
        found="<results>/{analysis}/policy/policy.json",
    log:
        "<logs>/policy/{analysis}.log",
    benchmark:
        "<benchmarks>/policy/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("policy"),
        runtime=START.minutes("policy"),
    params:
        code=CODE("policy"),
    message:
        "Asking what rules of treatment would gain, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/policy.py" --cohort {input.cohort:q} --facts {input.facts:q}'
        " --settings {input.settings:q} --scores {input.scores:q} --completed {input.completed:q}"
        " --harm {input.harm:q} --ranking {output.ranking:q} --curves {output.curves:q} --values {output.values:q}"
        " --trees {output.trees:q} --harms {output.harms:q} --found {output.found:q} --log {log:q}"
