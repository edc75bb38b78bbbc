# Report: the page with its figures and tables; the manifest of all artefacts; what a run would cost.


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
        curves=START.files([f"{analysis}/curves.parquet" for analysis in PLAN.analyses]),
        displays=START.files([f"{analysis}/displays.parquet" for analysis in PLAN.analyses]),
        notices=START.files([f"{analysis}/notices.json" for analysis in PLAN.analyses]),
        guards=sorted({START.guards(analysis) for analysis in PLAN.analyses}),
        quality=START.files(PLAN.quality()),
    output:
        page=report("<results>/report.html", caption="../report/page.rst", category="Report"),
        figures=report(
            directory("<results>/figures"),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category="Figures",
        ),
        tables=directory("<results>/tables"),
    params:
        code=CODE("page"),
        analyses=list(PLAN.analyses),
        quality=PLAN.quality_by_analysis(),
        guards={analysis: PLAN.owner[analysis, "deployment"] for analysis in PLAN.analyses},
    log:
        "<logs>/page.log",
    benchmark:
        "<benchmarks>/page.tsv"
    resources:
        mem_mb=START.memory("report"),
        runtime=START.minutes("report"),
    conda:
        "../../envs/hetflow.yaml"
    shell:
        "{START.python} {START.scripts}/page.py --results <results> --settings {input.settings:q}"
        " --page {output.page:q} --figures {output.figures:q} --tables {output.tables:q} --log {log:q}"
