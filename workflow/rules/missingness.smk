# Missingness: described; covariates completed, one file and one job an imputation and mode; guarded.


rule describe:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
    output:
        variables="<results>/missingness/variables.parquet",
        masks="<results>/missingness/masks.parquet",
        patterns="<results>/missingness/patterns.parquet",
        summary="<results>/missingness/summary.json",
    log:
        "<logs>/describe.log",
    benchmark:
        "<benchmarks>/describe.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("describe"),
        runtime=START.minutes("describe"),
    params:
        code=CODE("describe"),
    message:
        "Describing what is missing"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/describe.py" --cohort {input.cohort:q} --facts {input.facts:q}'
        " --variables {output.variables:q} --masks {output.masks:q} --patterns {output.patterns:q}"
        " --summary {output.summary:q} --log {log:q}"


rule structure:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        reasons="<results>/reasons.parquet",
        settings="<results>/settings/structure.json",
    output:
        groups="<results>/missingness/groups.parquet",
        flux="<results>/missingness/flux.parquet",
        nodes="<results>/missingness/nodes.parquet",
        blocks="<results>/missingness/blocks.parquet",
        nesting="<results>/missingness/nesting.parquet",
        sequences="<results>/missingness/sequences.parquet",
        file_matching="<results>/missingness/file_matching.parquet",
        network="<results>/missingness/network.parquet",
        design="<results>/missingness/rules.parquet",
        by_reason="<results>/missingness/reasons.parquet",
        structure="<results>/missingness/structure.json",
    log:
        "<logs>/structure.log",
    benchmark:
        "<benchmarks>/structure.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("structure"),
        runtime=START.minutes("structure"),
    params:
        code=CODE("structure"),
    message:
        "Describing the structure of what is missing"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/structure.py" --cohort {input.cohort:q} --outcomes {input.outcomes:q}'
        " --facts {input.facts:q} --reasons {input.reasons:q} --settings {input.settings:q}"
        " --groups {output.groups:q} --by-reason {output.by_reason:q} --flux {output.flux:q}"
        " --nodes {output.nodes:q} --blocks {output.blocks:q} --nesting {output.nesting:q}"
        " --sequences {output.sequences:q} --file-matching {output.file_matching:q}"
        " --network {output.network:q} --design {output.design:q} --structure {output.structure:q} --log {log:q}"


rule mechanism:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/settings/mechanism.json",
    output:
        labels="<results>/missingness/labels.parquet",
        dependence="<results>/missingness/dependence.parquet",
        compared="<results>/missingness/compared.parquet",
        mcar="<results>/missingness/mcar.parquet",
        dropout="<results>/missingness/dropout.parquet",
        mechanism="<results>/missingness/mechanism.json",
    log:
        "<logs>/mechanism.log",
    benchmark:
        "<benchmarks>/mechanism.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("mechanism"),
        runtime=START.minutes("mechanism"),
    params:
        code=CODE("mechanism"),
    message:
        "Describing on what missing values depend"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/mechanism.py" --cohort {input.cohort:q} --outcomes {input.outcomes:q}'
        " --facts {input.facts:q} --settings {input.settings:q} --labels {output.labels:q}"
        " --dependence {output.dependence:q} --compared {output.compared:q} --mcar {output.mcar:q}"
        " --dropout {output.dropout:q} --mechanism {output.mechanism:q} --log {log:q}"


# The diagnosis alone: `snakemake missingness`, from the raw file, with nothing imputed or estimated.
rule missingness:
    input:
        START.files(PLAN.missingness()),
    localrule: True
    message:
        "What is missing is described"


rule impute_deployment:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/deployment.json",
        feasible=ancient("<results>/feasible.json"),
    output:
        table="<results>/{analysis}/completed/deployment/{imputation}.parquet",
        notices="<results>/{analysis}/completed/deployment/{imputation}.json",
        imputer="<results>/{analysis}/completed/deployment/{imputation}.npz",
    log:
        "<logs>/impute_deployment/{analysis}-{imputation}.log",
    benchmark:
        "<benchmarks>/impute_deployment/{analysis}-{imputation}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("impute"),
        runtime=START.minutes("impute"),
    params:
        code=CODE("impute"),
    message:
        "Completing covariates without arm and outcome, {wildcards.analysis} {wildcards.imputation}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/impute.py" --mode deployment --imputation {wildcards.imputation}'
        " --cohort {input.cohort:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --completed {output.table:q} --notices {output.notices:q} --imputer {output.imputer:q} --log {log:q}"


rule impute_inference:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/inference.json",
        feasible=ancient("<results>/feasible.json"),
    output:
        table="<results>/{analysis}/completed/inference/{imputation}.parquet",
        notices="<results>/{analysis}/completed/inference/{imputation}.json",
    log:
        "<logs>/impute_inference/{analysis}-{imputation}.log",
    benchmark:
        "<benchmarks>/impute_inference/{analysis}-{imputation}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("impute"),
        runtime=START.minutes("impute"),
    params:
        code=CODE("impute"),
    message:
        "Completing covariates by arm and with the outcome, {wildcards.analysis} {wildcards.imputation}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/impute.py" --mode inference --imputation {wildcards.imputation}'
        " --cohort {input.cohort:q} --outcomes {input.outcomes:q} --facts {input.facts:q}"
        " --settings {input.settings:q} --completed {output.table:q} --notices {output.notices:q} --log {log:q}"


rule guards:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/settings/guards.json",
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "deployment")
        ),
        notices=lambda wildcards: START.files(
            PLAN.notices(wildcards.analysis, "deployment")
        ),
    output:
        "<results>/{analysis}/guards.json",
    log:
        "<logs>/guards/{analysis}.log",
    benchmark:
        "<benchmarks>/guards/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("guards"),
        runtime=START.minutes("guards"),
    params:
        code=CODE("guards"),
    message:
        "Guarding the completed covariates of {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/guards.py" --cohort {input.cohort:q} --facts {input.facts:q}'
        " --settings {input.settings:q} --completed {input.completed:q} --completion-notices {input.notices:q}"
        " --guards {output:q} --log {log:q}"
