# Publishing a finished study: `snakemake publish` makes its public form, behind disclosure control, as an RO-Crate and
# a zip. What Snakemake keeps of each job is read where it lies, so that the rule runs where `snakemake` was started.


rule publish:
    input:
        manifest="<results>/manifest.json",
        page="<results>/report.html",
        settings="<results>/settings/report.json",
        publish="<results>/settings/publish.json",
        cohort="<results>/settings/cohort.json",
        data=START.data_file,
        plan=START.plan_files(local),
    output:
        crate="<results>/crate/ro-crate-metadata.json",
        archive=f"<results>/{PLAN.study.study}-crate.zip",
    log:
        "<logs>/publish.log",
    benchmark:
        "<benchmarks>/publish.tsv"
    localrule: True
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    params:
        code=CODE("publish"),
        results=lambda wildcards, output: os.path.dirname(output.archive),
        records=lambda wildcards: os.path.relpath(
            os.path.join(workflow.persistence.path, "metadata")
        ),
    message:
        "Publishing: disclosure control, crate and zip"
    shell:
        '"$HETFLOW_PYTHON" "$HETFLOW_SCRIPTS/publish.py" --results {params.results:q} --settings {input.settings:q}'
        " --publish {input.publish:q} --cohort {input.cohort:q} --manifest {input.manifest:q} --data {input.data:q}"
        ' --plan {input.plan:q} --lock "$HETFLOW_LOCK" --records {params.records:q} --crate {output.crate:q} --archive {output.archive:q}'
        " --log {log:q}"
