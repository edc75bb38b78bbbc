# The workflow lies in workflow/Snakefile; this file makes its default target plain.
include: "workflow/Snakefile"


rule study:
    default_target: True
    input:
        rules.all.input,
    localrule: True
    message:
        "Everything that the study asks for is there"
