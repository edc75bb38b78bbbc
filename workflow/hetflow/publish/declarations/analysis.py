"""What each analysis leaves beside its appraisals: estimates, curves, overlap, guards, sensitivity."""

from hetflow.publish.declared import Declared, kinds

FILE = "analysis"
_FAMILY = ("analysis", "outcome", "contrast", "estimand", "target", "term", "scale")
_ESTIMATE = "estimate se lower upper"

TABLES = {
    "estimates": Declared(
        kinds(
            setting="analysis outcome contrast estimand target scale alternative imputations",
            name="group term",
            estimate=f"{_ESTIMATE} df p fmi monte_carlo_se",
            units="n",
        ),
        whole=_FAMILY,
        label="group",
    ),
    "curves": Declared(
        kinds(
            setting="analysis outcome contrast target scale imputations curve q",
            estimate=_ESTIMATE,
            units="n",
        ),
        growing=("analysis", "outcome", "contrast", "target", "curve"),
    ),
    "displays": Declared(
        kinds(
            name="covariate label level",
            setting="unit bin imputations",
            value="x",
            estimate=_ESTIMATE,
            units="n",
        ),
        whole=("covariate",),
        label="level",
    ),
    "joint": Declared(
        kinds(
            setting="analysis outcome contrast estimand target imputations",
            name="term",
            overall="statistic df1 df2 p",
            units="n",
        )
    ),
    "shifts": Declared(
        kinds(
            setting="assumption arms delta shift estimand scale alternative imputations",
            name="group term",
            estimate=f"{_ESTIMATE} df p fmi",
            units="n",
        ),
        whole=(*_FAMILY, "assumption", "arms", "delta"),
        label="group",
    ),
    "tipping": Declared(
        kinds(setting="estimand arms direction change zero", overall="delta shift estimate"),
    ),
    "plane": Declared(
        kinds(setting="estimand delta_treated delta_control verdict", overall="estimate lower upper p")
    ),
}


FACTS = {
    "nuisance": kinds(
        units="number.kept number.units observation.arms.*.units",
        setting="missing_cells number.covariates outcome.covariates outcome.kind outcome.learner propensity.learner "
        "propensity.probability propensity.kind propensity.covariates trim trim.bounds trim.bounds.* "
        "overlap.*.*.arm overlap.histogram.*.low overlap.histogram.*.high overlap.outside.*.low "
        "overlap.outside.*.high observation.arms.*.arm observation.auxiliary.* observation.calibration.*.arm "
        "observation.calibration.*.part observation.learner observation.smallest observation.strategy "
        "observation.positivity.*.arm set",
        # Bars of few units are left out (`hetflow.publish.public`); the others stand in no published text.
        covered="overlap.histogram.*.control overlap.histogram.*.treated overlap.effective_sample_size.*.number "
        "trim.by_arm.* trim.left_out observation.arms.*.observed observation.arms.*.clipped "
        "observation.calibration.*.units observation.positivity.*.units",
        name="overlap.balance.*.covariate observation.positivity.*.group observation.positivity.*.level",
        estimate="overlap.balance.*.before overlap.balance.*.inverse_probability overlap.balance.*.overlap "
        "overlap.balance.*.mean_control overlap.balance.*.mean_treated overlap.effective_sample_size.*.before "
        "overlap.effective_sample_size.*.inverse_probability overlap.effective_sample_size.*.overlap "
        "overlap.outside.*.share overlap.quantiles.*.* observation.arms.*.effective_size "
        "observation.arms.*.effective_size_unweighted observation.arms.*.mean_completed "
        "observation.arms.*.mean_observed observation.arms.*.mean_weighted observation.calibration.*.probability "
        "observation.calibration.*.share observation.positivity.*.probability observation.positivity.*.share",
        value="observation.arms.*.q0.5 observation.arms.*.q0.95 observation.arms.*.q0.99",
        extreme="observation.arms.*.largest",
        overall="observation.model.** observation.outcome_model.** outcome.** propensity.**",
        text="observation.notices.* notices.*",
    ),
    "guards": kinds(setting="checked engine reason", overall="arm.**", text="notices.*"),
    "sensitivity": kinds(
        setting="binary imputed units reach",
        # Left out whole where an arm lost few outcomes (`hetflow.publish.lost`).
        covered="lost.* share_lost.*",
        estimate="drift.* expected_lost.* observed_mean.* extreme.*.* sd",
        text="notices.*",
    ),
    "notices": kinds(text="*"),
}
