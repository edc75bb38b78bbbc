# Report: the page with its figures and tables, and the manifest of all artefacts.


rule page:
    message:
        "Writing the report"
    input:
        settings="<results>/settings/report.json",
        facts="<results>/cohort.json",
        flow="<results>/flow.parquet",
        baseline="<results>/baseline.parquet",
        missingness=expand("<results>/missingness/{table}.parquet", table=["variables", "masks", "patterns"]),
        summary="<results>/missingness/summary.json",
        estimates="<results>/estimates.parquet",
        pieces=START.files(PLAN.report_pieces()),
    output:
        page=report("<results>/report.html", caption="../report/page.rst", category="Report"),
        figures=report(
            directory("<results>/figures"),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category="Figures",
        ),
        tables=report(
            directory("<results>/tables"), patterns=["{name}.csv"], caption="../report/tables.rst", category="Tables"
        ),
    params:
        code=CODE("page"),
        results=START.file(""),
    log:
        "<logs>/page.log",
    benchmark:
        "<benchmarks>/page.tsv"
    resources:
        mem_mb=START.memory("page"),
        runtime=START.minutes("page"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/page.py --results {params.results:q} --settings {input.settings:q}"
        " --lock {START.lock} --page {output.page:q} --figures {output.figures:q} --tables {output.tables:q}"
        " --log {log:q}"


rule manifest:
    message:
        "Listing every artefact with its checksum"
    input:
        artefacts=START.files(PLAN.artefacts()),
        settings=START.files(PLAN.all_settings()),
    output:
        "<results>/manifest.json",
    params:
        code=CODE("manifest"),
        results=START.file(""),
    log:
        "<logs>/manifest.log",
    benchmark:
        "<benchmarks>/manifest.tsv"
    resources:
        mem_mb=START.memory("manifest"),
        runtime=START.minutes("manifest"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/manifest.py --results {params.results:q} --lock {START.lock}"
        " --artefacts {input.artefacts:q} --settings {input.settings:q} --manifest {output:q} --log {log:q}"


rule check:
    localrule: True
    message:
        "Checking the study and its data; nothing is computed"
    input:
        data=START.data_file,
    params:
        settings=START.study_settings("cohort"),
        jobs=START.costs(),
    log:
        "<logs>/check.log",
    shell:
        "{START.python} {START.scripts}/check.py --data {input.data:q} --settings-text {params.settings:q}"
        " --costs {params.jobs:q} --log {log:q}"
