"""Tables and facts of the appraisals (`hetflow.study.appraisals`), by name of the section."""

from hetflow.publish.declared import Declared, Kinds, kinds

FILE = "appraisals"
_ESTIMATE = "estimate se lower upper"

TABLES: dict[str, dict[str, Declared]] = {
    "evidence": {
        "tests": Declared(
            kinds(
                setting="test covariates reference draws alternative columns",
                overall="statistic df p p_asymptotic",
                units="n",
            )
        )
    },
    "splits": {
        "blp": Declared(
            kinds(
                setting="learner strategy chosen term scale alternative splits informative",
                estimate="estimate lower upper statistic p",
                units="n",
            )
        ),
        "gates": Declared(
            kinds(
                setting="learner strategy chosen scale alternative splits informative",
                name="group",
                estimate="estimate lower upper statistic p estimate_monotone lower_monotone upper_monotone",
                units="n",
            ),
            whole=("learner", "strategy"),
            label="group",
        ),
        # Shares of levels times the group's size are counts.
        "clan": Declared(
            kinds(
                setting="by learner chosen group splits informative named shown",
                name="covariate",
                estimate="estimate lower upper statistic standardised",
                overall="rank",
                units="n",
            ),
            own="outer_groups",
        ),
        "proxies": Declared(
            kinds(
                setting="learner strategy splits informative best_predictor best_groups",
                overall="Lambda Lambda_bar",
            )
        ),
    },
    "modifiers": {
        "importance": Declared(
            kinds(
                setting="measure kind members",
                name="name label",
                overall="estimate lower upper rank rank_lower rank_upper top null null_upper above_null",
            )
        ),
        "displays": Declared(
            kinds(
                name="covariate label level",
                setting="unit kind imputations target scale",
                value="x bandwidth",
                estimate=f"{_ESTIMATE} uniform_lower uniform_upper df critical",
                units="n",
            ),
            whole=("covariate", "kind"),
            label="level",
        ),
        # Two covariates crossed, the sizes of whose groups other tables give.
        "cells": Declared(
            kinds(
                name="first second first_label second_label first_level second_level",
                setting="imputations target scale",
                estimate=f"{_ESTIMATE} df",
                units="n",
            ),
            own="crossed",
        ),
    },
    "policy": {
        "ranking": Declared(
            kinds(
                setting="rule against measure basis alternative imputations",
                overall=f"{_ESTIMATE} p",
                units="n",
            )
        ),
        "curves": Declared(
            kinds(setting="rule label basis q alternative", estimate=_ESTIMATE, units="n"), growing=("rule",)
        ),
        # A share times the number judged is a count.
        "values": Declared(
            kinds(setting="policy label basis budget quantity alternative", estimate=_ESTIMATE, units="n"),
            own="treated_shares",
        ),
        "trees": Declared(
            kinds(setting="tree fold node parent side treat", name="column", value="cut", units="n"),
            own="published_trees",
        ),
        "harms": Declared(
            kinds(
                setting="policy label basis budget quantity alternative",
                estimate=_ESTIMATE,
                overall="correlation",
                units="n",
            ),
            own="treated_shares",
        ),
    },
    "risk": {
        # A C-statistic is a whole number over twice the product of events and non-events.
        "performance": Declared(
            kinds(setting="model version measure", overall=_ESTIMATE, units="n"), own="performance"
        ),
        "effects": Declared(
            kinds(
                setting="model estimand term scale imputations",
                name="group",
                estimate=f"{_ESTIMATE} df p fmi monte_carlo_se",
                units="n",
            ),
            own="public_risk",
        ),
        "groups": Declared(
            kinds(
                setting="model",
                name="group",
                units="n n_control n_treated",
                events="events_control events_treated",
                estimate="predicted observed_control observed_treated",
            ),
            own="public_risk",
        ),
        "distribution": Declared(
            kinds(setting="model", value="lower upper", units="n n_control n_treated"), own="public_risk"
        ),
    },
    "confounding": {
        # Ranges of the propensity lie within one another.
        "robustness": Declared(
            kinds(
                setting="estimand",
                name="group term",
                estimate="share estimate lower upper outcome_sd riesz_sd rv rv_interval",
                units="n",
            ),
            own="bounded_groups",
        ),
        "bounds": Declared(
            kinds(
                setting="estimand c_y c_t",
                name="group term",
                estimate="lower_bound upper_bound lower upper",
                units="n",
            ),
            own="bounded_groups",
        ),
        "benchmarks": Declared(
            kinds(
                setting="multiple",
                name="benchmark",
                overall="c_y c_t rho change lower_bound upper_bound lower upper",
            )
        ),
        "contour": Declared(kinds(setting="c_y c_t", overall="bound limit")),
        "controls": Declared(
            kinds(
                setting="analysis outcome label apart",
                estimate=_ESTIMATE,
                units="n",
            )
        ),
    },
    "learners": {
        "comparison": Declared(
            kinds(setting="learner measure reference scale", overall=f"{_ESTIMATE} df", units="n")
        ),
        "agreement": Declared(
            kinds(setting="first second", overall="correlation rank_correlation", units="n")
        ),
        "weights": Declared(kinds(setting="fold learner", overall="weight")),
    },
    # Kept where the estimate itself is published.
    "stability": {
        "components": Declared(
            kinds(
                setting="estimand source truncated",
                name="group term",
                estimate=f"{_ESTIMATE} variance df share share_lower share_upper",
            ),
            own="of_published_estimates",
        ),
        "refits": Declared(
            kinds(setting="refit source estimand", name="group term", estimate="estimate moved"),
            own="of_published_estimates",
        ),
    },
}

FACTS: dict[str, Kinds] = {
    "evidence": kinds(setting="coding permutations unsuited", text="notices.*"),
    "splits": kinds(
        setting="best_groups best_predictor clustered groups learners.* same_probability silent.** splits strategy",
        name="not_described.*",
        units="units",
    ),
    "modifiers": kinds(
        setting="draws top",
        overall="additivity_gap explained fidelity",
        units="units units_of",
        text="notices.*",
    ),
    "policy": kinds(
        setting="budget cost effect_basis exchange_rate harm harm.* rules.* smallest_leaf trees.*.folds trees.*.name",
        name="columns.* trees.*.covariates.*",
        overall="trees.*.alike trees.*.same_covariates trees.*.same_root",
        units="n judged",
        text="notices.*",
    ),
    "risk": kinds(
        setting="binary groups models.* outcome preferred randomised score",
        value="quantiles.*.*",
        units="units",
        text="notices.*",
    ),
    "confounding": kinds(
        setting="outcome rho sets lost", overall="ratio.*", units="units benchmark_units", text="notices.*"
    ),
    "learners": kinds(
        setting="base folds learners.*", overall="spread.* stack_weights.*", units="units", text="notices.*"
    ),
    "stability": kinds(
        setting="advice.* confidence enough permitted refits.* used.*",
        overall="headline.*.*",
        text="notices.*",
    ),
}
