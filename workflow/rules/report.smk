# Report: the page with its figures and tables, and the manifest of all artefacts.


rule page:
    input:
        settings="<results>/settings/report.json",
        facts="<results>/cohort.json",
        flow="<results>/flow.parquet",
        baseline="<results>/baseline.parquet",
        missingness=expand(
            "<results>/missingness/{table}.parquet",
            table=[
                *("variables", "masks", "patterns"),
                *("nodes", "network", "nesting", "rules"),
                *("labels", "dependence", "compared", "mcar", "dropout"),
            ],
        ),
        summary="<results>/missingness/summary.json",
        structure="<results>/missingness/structure.json",
        mechanism="<results>/missingness/mechanism.json",
        estimates="<results>/estimates.parquet",
        pieces=START.files(PLAN.report_pieces()),
        followed=START.files(PLAN.followed()),
    output:
        page=report(
            "<results>/report.html", caption="../report/page.rst", category="Report"
        ),
        figures=report(
            directory("<results>/figures"),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category="Figures",
        ),
        tables=report(
            directory("<results>/tables"),
            patterns=["{name}.csv"],
            caption="../report/tables.rst",
            category="Tables",
        ),
        reporting=report(
            directory("<results>/reporting"),
            patterns=["{name}.md", "{name}.csv", "{name}.bib"],
            caption="../report/reporting.rst",
            category="Reporting",
        ),
    log:
        "<logs>/page.log",
    benchmark:
        "<benchmarks>/page.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("page"),
        runtime=START.minutes("page"),
    params:
        code=CODE("page"),
        results=lambda wildcards, output: os.path.dirname(output[0]),
    message:
        "Writing the report"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/page.py" --results {params.results:q} --settings {input.settings:q}'
        ' --lock "$HETFLOW_LOCK" --page {output.page:q} --figures {output.figures:q} --tables {output.tables:q}'
        " --reporting {output.reporting:q}"
        " --log {log:q}"


rule manifest:
    input:
        data=START.data_file,
        artefacts=START.files(PLAN.artefacts()),
        settings=START.files(PLAN.all_settings()),
    output:
        "<results>/manifest.json",
    log:
        "<logs>/manifest.log",
    benchmark:
        "<benchmarks>/manifest.tsv"
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    resources:
        mem_mb=START.memory("manifest"),
        runtime=START.minutes("manifest"),
    params:
        code=json.dumps(START.codes(), sort_keys=True),
        config=START.config(),
        results=lambda wildcards, output: os.path.dirname(output[0]),
    message:
        "Listing every artefact with its checksum"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/manifest.py" --results {params.results:q} --data {input.data:q} --lock "$HETFLOW_LOCK"'
        " --artefacts {input.artefacts:q} --settings {input.settings:q} --code {params.code:q}"
        " --config {params.config:q} --manifest {output:q} --log {log:q}"


rule check:
    input:
        data=START.data_file,
    log:
        "<logs>/check.log",
    localrule: True
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    params:
        settings=lambda wildcards: START.study_settings("cohort"),
        needs=lambda wildcards: START.study_settings("feasible"),
        jobs=lambda wildcards: START.costs(),
        plan=lambda wildcards: START.plan_state(),
    message:
        "Checking the study and its data; nothing is computed"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/check.py" --data {input.data:q} --settings-text {params.settings:q}'
        " --needs {params.needs:q} --costs {params.jobs:q} --plan {params.plan:q} --log {log:q}"
