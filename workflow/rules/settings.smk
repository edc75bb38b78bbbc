# Settings: each stage's slice of the study as a file of its own. The rules have no input, so that only a changed
# slice makes what follows run again (a touched or reordered study file does not).


rule study_settings:
    localrule: True
    output:
        "<results>/settings/{stage}.json",
    params:
        text=lambda wildcards: START.study_settings(wildcards.stage),
    log:
        "<logs>/study_settings/{stage}.log",
    shell:
        "printf '%s\\n' {params.text:q} > {output:q}.part 2> {log:q} && mv {output:q}.part {output:q}"


rule analysis_settings:
    localrule: True
    output:
        "<results>/{analysis}/settings/{stage}.json",
    params:
        text=lambda wildcards: START.analysis_settings(wildcards.analysis, wildcards.stage),
    log:
        "<logs>/analysis_settings/{analysis}-{stage}.log",
    shell:
        "printf '%s\\n' {params.text:q} > {output:q}.part 2> {log:q} && mv {output:q}.part {output:q}"
