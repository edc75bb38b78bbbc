"""What ingest refuses, says or leaves out, on a small made-up trial; each refusal names its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hetflow.cohort import checks
from hetflow.cohort.columns import Column
from hetflow.cohort.ingest import Cohort, ingest
from hetflow.errors import Refused
from small_study import UNITS, small_raw, small_settings


def run(raw: pd.DataFrame | None = None, **changes: Any) -> Cohort:
    return ingest(small_raw() if raw is None else raw, small_settings(**changes))


def refused(raw: pd.DataFrame | None = None, **changes: Any) -> str:
    with pytest.raises(Refused) as caught:
        run(raw, **changes)
    return str(caught.value)


def with_column(name: str, values: Any) -> pd.DataFrame:
    raw = small_raw()
    raw[name] = pd.Series(values, dtype=object)
    return raw


def test_the_small_trial_is_typed() -> None:
    found = run()
    cohort = found.cohort
    head = ["unit", "treated", "cluster", "weight", "stratum"]
    assert list(cohort) == [*head, "age", "bmi", "cigarettes", "cigarettes__applies", "site", "smoker"]
    assert cohort["treated"].dtype == np.int8
    assert cohort["unit"].tolist() == list(range(UNITS))
    np.testing.assert_array_equal(np.flatnonzero(cohort["bmi"].isna()), [3, 10])
    assert found.facts["missing_reasons"] == {"bmi": {"refused": 1}}
    assert np.isnan(cohort.loc[5, "cigarettes__applies"])
    assert np.isnan(cohort.loc[5, "cigarettes"])
    nobody = cohort["smoker"] == 0
    assert (cohort.loc[nobody, "cigarettes"] == 0).all()
    assert (cohort.loc[nobody, "cigarettes__applies"] == 0).all()
    assert cohort.loc[cohort["smoker"] == 1, "cigarettes__applies"].eq(1).all()
    assert set(found.outcomes["cured"].unique()) == {0.0, 1.0}
    assert found.outcomes["depth"].isna().sum() == 2
    assert found.outcomes["gain"].isna().sum() == 4
    assert found.facts["outcomes"]["cured"]["levels"] == ["no", "yes"]
    assert found.facts["arms"]["treated"] == {"label": "Active", "values": ["A"], "units": 40}


def test_identifiers_are_checked_and_never_shown() -> None:
    raw = small_raw()
    raw.loc[3, "id"], raw.loc[9, "id"] = "P001", " "
    text = refused(raw)
    assert "the same unit in data rows 2, 4" in text
    assert "none in data row 10" in text
    assert "P001" not in text


def test_treatment_is_checked() -> None:
    raw = small_raw()
    raw.loc[4, "arm"] = ""
    text = refused(raw, treatment={"column": "arm", "treated": ["T"], "control": ["B"]})
    assert "1 without, in data row 5" in text
    assert "values of arm: A, B" in text
    found = run(raw, eligibility=[{"label": "Randomised", "expression": "not missing(arm)"}])
    assert found.facts["units"] == UNITS - 1


def test_other_arms_are_a_step_of_the_flow() -> None:
    raw = small_raw()
    raw.loc[:9, "arm"] = "C"
    found = run(raw)
    assert found.flow["total"].tolist() == [UNITS, UNITS - 10]
    assert found.flow["excluded"].tolist() == [0, 10]
    assert found.cohort["unit"].min() == 10


def test_unknown_eligibility_is_counted_apart() -> None:
    found = run(
        eligibility=[
            {"label": "Not thin", "expression": "bmi > 0"},
            {"label": "Adult", "expression": "age >= 25"},
        ]
    )
    age = small_raw()["age"].astype(int)
    assert found.flow.loc[1, ["label", "excluded", "unknown"]].tolist() == ["Not thin", 2, 2]
    assert found.flow.loc[2, "total"] == ((age >= 25) & ~age.index.isin([3, 10])).sum()
    assert (found.flow["treated"] + found.flow["control"]).tolist() == found.flow["total"].tolist()
    assert "a condition" in refused(eligibility=[{"label": "Wrong", "expression": "age + 1"}])


def test_an_arm_with_too_few_units() -> None:
    text = refused(eligibility=[{"label": "Young", "expression": "age < 30"}])
    assert "at least 30 eligible units" in text
    assert "Active" in text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.tile(["1", "0"], 40), "the treatment"),
        (np.tile(["x", "y"], 40), "the treatment"),
        (np.tile(["a", "b", "c", "b"], 20), "occurs in one arm alone"),
        (["" if i % 2 else "z" + str(i % 3) for i in range(UNITS)], "none in the control arm"),
        ([""] * UNITS, "none at all"),
    ],
)
def test_columns_that_tell_the_arm(values: Any, said: str) -> None:
    raw = with_column("extra", values)
    assert said in refused(raw, dictionary={"extra": {"role": "covariate", "kind": "nominal"}})


def test_columns_that_are_the_outcome() -> None:
    depth = [str(-2.54 * float(cell)) if cell else "" for cell in small_raw()["depth"]]
    text = refused(
        with_column("extra", depth), dictionary={"extra": {"role": "covariate", "kind": "continuous"}}
    )
    assert "the same as the outcome depth" in text
    cured = small_raw()["cured"].map({"no": "low", "yes": "high"})
    text = refused(
        with_column("extra", cured), dictionary={"extra": {"role": "covariate", "kind": "nominal"}}
    )
    assert "the same as the outcome cured" in text
    text = refused(dictionary={"depth": {"role": "covariate", "kind": "continuous"}})
    assert "role outcome, as the outcome depth is it" in text


def test_constant_columns_are_dropped_with_a_notice() -> None:
    found = run(
        with_column("extra", ["1"] * UNITS), dictionary={"extra": {"role": "covariate", "kind": "count"}}
    )
    assert "extra" not in found.cohort
    assert found.facts["dropped"] == {"extra": "constant"}
    assert any("extra" in notice for notice in found.facts["notices"])


def test_a_constant_parent_is_settled() -> None:
    raw = with_column("always", ["Yes"] * UNITS)
    always = {"role": "covariate", "kind": "binary", "levels": ["No", "Yes"]}
    age = {"role": "covariate", "kind": "continuous", "applicable_if": "always == 'Yes'"}
    found = run(raw, dictionary={"always": always, "age": age})
    assert "age__applies" not in found.cohort
    assert next(c for c in found.facts["columns"] if c["name"] == "age")["applicable_if"] is None


def test_mostly_missing_is_a_notice() -> None:
    cells = [str(i) if i < 6 else "" for i in range(UNITS)]
    found = run(with_column("extra", cells), dictionary={"extra": {"role": "covariate", "kind": "count"}})
    assert any("extra: missing in 92%" in notice for notice in found.facts["notices"])


def test_contradicted_conditions() -> None:
    raw = small_raw()
    rows = raw.index[raw["smoker"] == "No "]
    raw.loc[rows[0], "cigarettes"] = "4"
    raw.loc[rows[1:5], "cigarettes"] = "0"  # the constant itself contradicts nothing
    found = run(raw)
    assert any("cigarettes: fewer than 10 values" in notice for notice in found.facts["notices"])
    assert found.cohort.loc[rows[0], ["cigarettes", "cigarettes__applies"]].tolist() == [4, 1]
    assert (found.cohort.loc[rows[1:5], "cigarettes__applies"] == 0).all()
    raw.loc[rows[:4], "cigarettes"] = "4"
    assert "for which smoker == 'Yes' is false" in refused(raw)


def test_conditions_are_checked() -> None:
    def with_condition(text: str) -> str:
        entry = {"role": "covariate", "kind": "count", "applicable_if": text}
        return refused(dictionary={"cigarettes": entry})

    assert "which is neither" in with_condition("village == 'v1'")
    assert "compare a column that has levels" in with_condition("smoker > 1")
    assert "a circle" in with_condition("cigarettes > 1")


def test_conditions_over_numbers_and_chains() -> None:
    raw = with_column("packs", ["2" if cell else "" for cell in small_raw()["cigarettes"]])
    packs = {"role": "covariate", "kind": "count", "applicable_if": "cigarettes > 0", "not_applicable": -1}
    flag = {"role": "auxiliary", "kind": "binary", "levels": [0, 1], "visit": 2}
    raw["flag"] = pd.Series(np.tile(["1", "1", "0"], 27)[:UNITS], dtype=object)
    bmi = {"role": "covariate", "kind": "continuous", "applicable_if": "flag == 1"}
    raw.loc[raw["flag"] == "0", "bmi"] = ""
    found = run(raw, dictionary={"packs": packs, "flag": flag, "bmi": bmi})
    nobody = found.cohort["smoker"] == 0
    assert (found.cohort.loc[nobody, "packs"] == -1).all()
    assert (found.cohort["bmi__applies"] == found.cohort["flag"]).all()


def test_nominal_columns_that_do_not_apply() -> None:
    brand = ["red" if i % 3 else "blue" for i in range(UNITS)]
    raw = with_column(
        "brand", [b if s == "Yes" else "" for b, s in zip(brand, small_raw()["smoker"], strict=True)]
    )
    entry = {"role": "covariate", "kind": "nominal", "applicable_if": "smoker == 'Yes'"}
    found = run(raw, dictionary={"brand": entry})
    assert set(found.cohort.loc[found.cohort["smoker"] == 0, "brand"]) == {"not applicable"}
    assert found.cohort.loc[5, "brand"] is None


def test_clusters_weights_and_strata() -> None:
    found = run(
        design={"cluster": "village", "weight": "weighting", "strata": ["site", "smoker"]},
        eligibility=[{"label": "Smoking known", "expression": "not missing(smoker)"}],
    )
    raw = small_raw().drop(index=5)
    assert found.cohort["cluster"].dtype == np.int64
    assert found.cohort.groupby("cluster").size().tolist() == raw.groupby("village").size().tolist()
    np.testing.assert_array_equal(found.cohort["weight"], raw["weighting"].astype(float))
    assert found.cohort["stratum"].tolist()[:2] == [f"{raw.site[i]}, {raw.smoker[i].strip()}" for i in (0, 1)]
    found = run(design={"probability_column": "site"})
    assert found.cohort["probability_level"].tolist() == small_raw()["site"].tolist()


def test_wrong_weights_clusters_and_strata_at_once() -> None:
    raw = small_raw()
    raw.loc[2, "weighting"] = "0"
    raw.loc[3, "village"] = ""
    text = refused(raw, design={"cluster": "village", "weight": "weighting", "strata": ["smoker"]})
    assert "1 that are not, for instance in data row 3" in text
    assert "design.cluster: village" in text
    assert "design.strata: smoker" in text


def test_derived_columns() -> None:
    derived = {"obese": {"expression": "heavy > 3"}, "heavy": {"expression": "bmi / 10"}}
    found = run(derived=derived, dictionary={"obese": {"role": "covariate", "kind": "binary"}})
    heavy = small_raw()["bmi"].replace({".": "nan", "-9": "nan"}).astype(float) > 30
    np.testing.assert_array_equal(found.cohort["obese"].fillna(0), heavy.astype(float))
    assert "a circle" in refused(derived={"a": {"expression": "b"}, "b": {"expression": "a"}})
    assert "a new name" in refused(derived={"age": {"expression": "bmi"}})
    assert "did you mean bmi" in refused(derived={"a": {"expression": "bmii"}})


def test_wrong_names_at_once() -> None:
    text = refused(data={"unit": "ID"}, design={"cluster": "villag"}, treatment={"column": "arms"})
    assert text.startswith("3 things")
    assert "did you mean village" in text


def test_problems_of_values_at_once() -> None:
    raw = small_raw()
    raw.loc[1, "age"], raw.loc[2, "bmi"], raw.loc[4, "depth"] = "old", "inf", "deep"
    text = refused(
        raw, outcomes={"gain": {"column": "age", "kind": "continuous", "label": "x", "better": "lower"}}
    )
    for said in ("dictionary: age", "dictionary: bmi", "outcomes: depth", "outcomes", "'deep' in data row 5"):
        assert said in text


def test_outcomes_are_checked() -> None:
    raw = with_column("flat", ["1"] * UNITS)
    raw["half"] = pd.Series([("" if i % 2 else str(i)) for i in range(UNITS)], dtype=object)
    outcome = {"kind": "continuous", "label": "x", "better": "lower"}
    text = refused(
        raw, outcomes={"flat": {"column": "flat", **outcome}, "half": {"column": "half", **outcome}}
    )
    assert "one value throughout" in text
    assert "none in one arm" in text


def test_recoding() -> None:
    random = np.random.default_rng(1)
    a = random.normal(size=50)
    assert checks.recoding(a, 3 - 2e-9 * a)
    assert checks.recoding(a * 1e200, a)
    assert not checks.recoding(a, a + 1e-3 * random.normal(size=50))
    assert not checks.recoding(a, np.exp(a))  # many levels: one-to-one by chance
    codes = random.integers(0, 4, 50).astype(float)
    assert checks.recoding(codes, np.array([7.0, 1.0, 9.0, 2.0])[codes.astype(int)])
    assert not checks.recoding(codes, (codes > 1).astype(float))
    assert not checks.recoding(codes, np.full(50, 1.0))


def one_arm(cluster: Any) -> list[str]:
    treated = np.tile([0, 1], 60).astype(np.int8)
    rare = np.where(np.arange(120) < 4, treated, 0)  # two units of one arm: chance
    frequent = np.where((treated == 1) & (np.arange(120) >= 60), "West", "East").astype(object)
    frame = {"rare": np.where(rare == 1, 1.0, 0.0), "frequent": frequent}
    columns = {
        "rare": Column("rare", "binary", levels=("no", "yes")),
        "frequent": Column("frequent", "nominal", levels=("East", "West")),
    }
    found = checks.one_arm_problems(frame, columns, treated, cluster)
    return [f"{problem.where}: {problem.found}" for problem in found]


def test_a_level_in_one_arm_is_refused_where_chance_cannot_explain_it() -> None:
    assert one_arm(np.arange(120)) == ["dictionary: frequent: 'West' in the treated arm alone"]
    assert one_arm(np.repeat([0, 1], 60)) == []  # one cluster of a cluster-randomised trial
