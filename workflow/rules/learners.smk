# Other learners of the effect: one job a learner, then one that compares them.


rule learner:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/learner.json",
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
        nuisance=lambda wildcards: START.files(PLAN.nuisances(wildcards.analysis)),
    output:
        "<results>/{analysis}/learners/effects/{learner}.parquet",
    log:
        "<logs>/learner/{analysis}-{learner}.log",
    benchmark:
        "<benchmarks>/learner/{analysis}-{learner}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("learner"),
        runtime=START.minutes("learner"),
    params:
        code=CODE("learner"),
    message:
        "Predicting effects of {wildcards.analysis} by the learner {wildcards.learner}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/learner.py" --learner {wildcards.learner} --cohort {input.cohort:q}'
        " --facts {input.facts:q} --settings {input.settings:q} --completed {input.completed:q}"
        " --nuisance {input.nuisance:q} --effects {output:q} --log {log:q}"


rule learners:
    input:
        settings="<results>/{analysis}/settings/learners.json",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        effects=lambda wildcards: START.files(PLAN.learners(wildcards.analysis)),
    output:
        comparison="<results>/{analysis}/learners/comparison.parquet",
        agreement="<results>/{analysis}/learners/agreement.parquet",
        weights="<results>/{analysis}/learners/weights.parquet",
        found="<results>/{analysis}/learners/learners.json",
    log:
        "<logs>/learners/{analysis}.log",
    benchmark:
        "<benchmarks>/learners/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("learners"),
        runtime=START.minutes("learners"),
    params:
        code=CODE("learners"),
    message:
        "Comparing learners of the effect, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/learners.py" --settings {input.settings:q} --scores {input.scores:q}'
        " --effects {input.effects:q} --comparison {output.comparison:q} --agreement {output.agreement:q}"
        " --weights {output.weights:q} --found {output.found:q} --log {log:q}"
