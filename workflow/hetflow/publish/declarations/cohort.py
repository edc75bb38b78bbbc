"""The study, its participants and its covariates, before anything is missing or estimated."""

from hetflow.publish.declared import Declared, kinds

FILE = "cohort"

TABLES = {
    # Rounded above a small number that is left out, by `hetflow.report.frames_cohort.flow_steps`.
    "flow": Declared(
        kinds(setting="step label", covered="total treated control excluded unknown"),
        own="flow_steps",
    ),
    # Counts by arm are covered by `hetflow.publish.covariates`, rare levels stand together.
    "baseline": Declared(
        kinds(
            name="variable label level",
            setting="unit kind",
            covered="units_treated units_control applicable_treated applicable_control missing_treated missing_control "
            "observed_treated observed_control count_treated count_control share_treated share_control",
            value="mean_treated mean_control sd_treated sd_control median_treated median_control "
            "lower_quartile_treated lower_quartile_control upper_quartile_treated upper_quartile_control",
            estimate="standardised_difference",
        ),
        own="covered_counts",
    ),
}

FACTS = {
    "cohort": kinds(
        units="units units_read arms.*.units source.rows",
        setting="arms.*.label arms.*.values.* columns.*.applicable_if columns.*.block columns.*.kind columns.*.label "
        "columns.*.levels columns.*.mask_fixed_before_randomisation columns.*.name columns.*.not_applicable "
        "columns.*.role columns.*.unit columns.*.visit design.** outcomes.*.better outcomes.*.column "
        "outcomes.*.expression outcomes.*.kind outcomes.*.label outcomes.*.levels outcomes.*.levels.* outcomes.*.unit "
        "blinded dropped.** not_read.* source.columns source.sha256 source.file",
        # Names of levels and of covariates: rare levels are looked for in every published byte.
        name="columns.*.levels.*",
        # Counts of the flow's table; the page prints that table alone. Reasons stand in no published text.
        covered="flow.** missing_reasons.** outcomes.*.missing_control outcomes.*.missing_treated "
        "outcomes.*.observed_control outcomes.*.observed_treated",
        text="notices.*",
    ),
}
