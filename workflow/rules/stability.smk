# Stability: an analysis gone through again from its nuisances on, one job a refit; and what the refits tell.


rule refit:
    input:
        cohort="<results>/cohort.parquet",
        outcomes="<results>/outcomes.parquet",
        facts="<results>/cohort.json",
        folds="<results>/folds.parquet",
        settings="<results>/{analysis}/settings/refit.json",
        nuisance=lambda wildcards: START.files(
            refit_files.nuisances(PLAN, wildcards.analysis)
        ),
        judged=lambda wildcards: START.files(
            refit_files.judged(PLAN, wildcards.analysis)
        ),
        covariates=lambda wildcards: START.files(
            refit_files.regressed_on(PLAN, wildcards.analysis)
        ),
        learnt_from=lambda wildcards: START.files(
            refit_files.learnt_from(PLAN, wildcards.analysis, wildcards.refit)
        ),
        training=lambda wildcards: START.files(
            refit_files.trained_on(PLAN, wildcards.analysis)
        ),
        draws=lambda wildcards: START.files(refit_files.draws(PLAN, wildcards.analysis)),
    output:
        "<results>/{analysis}/refits/{refit}.parquet",
    log:
        "<logs>/refit/{analysis}-{refit}.log",
    benchmark:
        "<benchmarks>/refit/{analysis}-{refit}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("refit"),
        runtime=START.minutes("refit"),
    params:
        code=CODE("refit"),
        changes=lambda wildcards: refit_files.changes_text(
            PLAN, wildcards.analysis, wildcards.refit
        ),
    message:
        "Going through {wildcards.analysis} again, {wildcards.refit}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/refit.py" --refit {wildcards.refit} --changes {params.changes:q}'
        " --cohort {input.cohort:q} --outcomes {input.outcomes:q} --facts {input.facts:q} --folds {input.folds:q}"
        " --settings {input.settings:q} --nuisance {input.nuisance:q} --judged {input.judged:q}"
        " --covariates {input.covariates:q} --learnt-from {input.learnt_from:q} --training {input.training:q}"
        " --draws {input.draws:q} --table {output:q} --log {log:q}"


rule stability:
    input:
        cohort="<results>/cohort.parquet",
        facts="<results>/cohort.json",
        settings="<results>/{analysis}/settings/stability.json",
        estimates="<results>/{analysis}/estimates.parquet",
        scores=lambda wildcards: START.files(PLAN.scores(wildcards.analysis)),
        cate=lambda wildcards: START.files(PLAN.cate(wildcards.analysis)),
        completed=lambda wildcards: START.files(
            PLAN.completed(wildcards.analysis, "inference")
        ),
        refits=lambda wildcards: START.files(PLAN.refits(wildcards.analysis)),
    output:
        components="<results>/{analysis}/stability/components.parquet",
        moves="<results>/{analysis}/stability/refits.parquet",
        found="<results>/{analysis}/stability/stability.json",
    log:
        "<logs>/stability/{analysis}.log",
    benchmark:
        "<benchmarks>/stability/{analysis}.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("stability"),
        runtime=START.minutes("stability"),
    params:
        code=CODE("stability"),
        trees=lambda wildcards: PLAN.analyses[wildcards.analysis].forest.trees,
        held_out=lambda wildcards: PLAN.analyses[
            wildcards.analysis
        ].forest.held_out_trees,
    message:
        "Asking whether another run would find the same, {wildcards.analysis}"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/stability.py" --trees {params.trees} --held-out-trees {params.held_out}'
        " --cohort {input.cohort:q} --facts {input.facts:q} --settings {input.settings:q}"
        " --estimates {input.estimates:q} --scores {input.scores:q} --cate {input.cate:q}"
        " --completed {input.completed:q} --refits {input.refits:q} --components {output.components:q}"
        " --moves {output.moves:q} --found {output.found:q} --log {log:q}"
