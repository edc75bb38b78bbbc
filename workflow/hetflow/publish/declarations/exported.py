"""Columns of the exported tables by kind: one word means the same in each of them.

A table may stand in `OWN` with columns of its own kind; otherwise each of its columns is looked up in `COLUMNS`.
"""

from hetflow.publish.declared import kinds

FILE = "exported"

COLUMNS = kinds(
    setting="analysis outcome contrast estimand target scale alternative imputations assumption arms delta shift unit "
    "kind bin step rule basis q budget quantity policy tree fold node parent side treat against measure model version "
    "members learner reference strategy chosen splits informative best_predictor best_groups by named shown source "
    "refit truncated curve stage test of question plan in_family setting measures rejected replicates rate error "
    "multiple c_y c_t direction change verdict zero delta_treated delta_control status strength routes training "
    "answers_ATE answers_CATE answers_GATE answers_projection rests_on section apart statistic_name detectable values "
    "others inner outer missing_cells variables covariates reference draws columns control_outcome",
    name="variable label level group term covariate name first second first_label second_label first_level "
    "second_level column condition suggestion benchmark",
    estimate="estimate se lower upper df p fmi monte_carlo_se uniform_lower uniform_upper critical share "
    "standardised_difference before inverse_probability overlap predicted observed_control observed_treated "
    "ATE_estimate ATE_se ATE_lower ATE_upper AUTOC_estimate AUTOC_se AUTOC_lower AUTOC_upper gap_estimate gap_se "
    "gap_lower gap_upper smallest largest spread in_standard_errors estimate_monotone lower_monotone upper_monotone "
    "standardised moved variance share_lower share_upper monte_carlo_error ratio ratio_lower ratio_upper difference "
    "outcome_sd riesz_sd rv rv_interval lower_bound upper_bound hazard seen",
    overall="nats auc p_holm p_bh p_adjusted rank rank_lower rank_upper top null null_upper above_null weight "
    "correlation rank_correlation Lambda Lambda_bar bound limit rho p_asymptotic",
    value="x cut bandwidth low high",
    units="n units missing not_applicable without recorded all treated control missing_treated missing_control count "
    "excluded n_control n_treated",
)

#: Columns whose word means something else in one table.
OWN = {
    "answers": kinds(
        setting="question asked answer grade direction tests found others agreeing",
        text="text",
    ),
    "baseline": kinds(setting="statistic"),
    "plan_deviations": kinds(setting="key analyses planned done amendment touches"),
    "evidence": kinds(overall="statistic"),
    "figure_dropout": kinds(setting="arm place visit", estimate="seen"),
    "splits_blp": kinds(estimate="statistic"),
    "splits_gates": kinds(estimate="statistic"),
    "splits_clan": kinds(estimate="statistic"),
    "figure_missingness": kinds(setting="variables", estimate="missing not_applicable"),
    "figure_masks": kinds(setting="mask *"),
    "figure_patterns": kinds(setting="mask *"),
}
