# Settings: each stage's slice of the study as a file of its own. The rules have no input, so that only a changed
# slice makes what follows run again (a touched or reordered study file does not).


rule study_settings:
    output:
        "<results>/settings/{stage}.json",
    log:
        "<logs>/study_settings/{stage}.log",
    localrule: True
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    params:
        text=lambda wildcards: START.study_settings(wildcards.stage),
    shell:
        "printf '%s\\n' {params.text:q} > {output:q}.part 2> {log:q}"
        " && sync {output:q}.part 2>> {log:q} && mv {output:q}.part {output:q}"


rule analysis_settings:
    output:
        "<results>/{analysis}/settings/{stage}.json",
    log:
        "<logs>/analysis_settings/{analysis}-{stage}.log",
    localrule: True
    conda:
        "../../envs/hetflow.yaml"
    envmodules:
        *START.site.modules,
    params:
        text=lambda wildcards: START.analysis_settings(
            wildcards.analysis, wildcards.stage
        ),
    shell:
        "printf '%s\\n' {params.text:q} > {output:q}.part 2> {log:q}"
        " && sync {output:q}.part 2>> {log:q} && mv {output:q}.part {output:q}"
