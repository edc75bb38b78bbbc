"""What is missing, its structure, and on what it depends; rounded or taken out by `hetflow.publish.structure`."""

from hetflow.publish.declared import Declared, kinds

FILE = "missing"
_OWN = "public_structure"

TABLES = {
    "variables": Declared(
        kinds(
            name="column group",
            covered="units applicable missing not_applicable unknown_applicability",
            estimate="share",
        ),
        own=_OWN,
    ),
    "masks": Declared(kinds(name="columns", setting="mask width", covered="rows"), own=_OWN),
    "patterns": Declared(kinds(name="columns", setting="pattern missing", covered="units"), own=_OWN),
}

STRUCTURE = {
    "nodes": Declared(
        kinds(name="columns", setting="mask width outcome near_block community", covered="rows applicable"),
        own=_OWN,
    ),
    "network": Declared(
        kinds(setting="first second edge", covered="units together", overall="expected nmi z p q"), own=_OWN
    ),
    "nesting": Declared(kinds(setting="inner outer", covered="rows", estimate="share"), own=_OWN),
    "rules": Declared(
        kinds(
            name="columns condition suggestion",
            setting="declared status",
            covered="units absent absent_elsewhere unknown contradictions",
        ),
        own=_OWN,
    ),
}

MECHANISM = {
    # The page shows masks of enough units alone (`hetflow.report.frames_mechanism.labelled_masks`).
    "labels": Declared(
        kinds(
            name="columns",
            setting="mask width relation nature structure form existence mechanism community within around confidence "
            "structure_confidence",
            covered="rows",
            overall="nats auc p p_adjusted detectable structure_nats structure_p order_p",
        ),
        own=_OWN,
    ),
    "dependence": Declared(
        kinds(
            name="columns",
            setting="mask on",
            covered="rows units",
            overall="nats auc p p_adjusted",
            estimate="difference lower upper",
        ),
        own=_OWN,
    ),
    "mcar": Declared(
        kinds(name="columns used", setting="test mask note", covered="rows", overall="statistic df p")
    ),
    # Values and outcomes of those with the mask against those without; masks of few units go.
    "compared": Declared(
        kinds(
            name="columns",
            setting="mask",
            units="rows units_with_outcome",
            overall="hotelling hotelling_p auc crude_p adjusted_p",
            estimate="asmd_median asmd_min asmd_max crude crude_se adjusted adjusted_se",
        ),
        own=_OWN,
    ),
    # Shown where no cumulative loss is small (`hetflow.report.frames_mechanism.dropout_frame`).
    "dropout": Declared(
        kinds(setting="visit order arm", covered="at_risk missed", estimate="hazard seen"), own=_OWN
    ),
}

FACTS = {
    "missingness": kinds(
        units="units",
        setting="cells columns distinct_masks incomplete_columns patterns",
        covered="complete_cases missing_cells missing_share not_applicable_cells",
    ),
    "structure": kinds(
        units="units",
        setting="columns distinct_masks incomplete_columns blocks.exact blocks.near blocks.largest "
        "blocks.largest.width "
        "communities.*.columns communities.*.community communities.*.masks.* file_matching.* nesting.edges "
        "nesting.sequences.** network.** not_identifiable rules.*",
        name="arms.*.column blocks.largest.columns groups.*.by groups.*.column groups.*.highest.level "
        "groups.*.lowest.level outcomes.*.column contradictions.*.columns contradictions.*.declared",
        covered="blocks.largest.any_missing groups.*.highest.applicable groups.*.highest.missing "
        "groups.*.lowest.applicable groups.*.lowest.missing contradictions.*.contradictions",
        estimate="arms.*.difference arms.*.lower arms.*.upper arms.*.share groups.*.highest.share "
        "groups.*.lowest.share outcomes.*.control outcomes.*.treated outcomes.*.difference outcomes.*.lower "
        "outcomes.*.upper",
        overall="communities.*.structure_index.** structure_index.**",
    ),
    "mechanism": kinds(
        units="units",
        setting="covariates distinct_masks studied_masks most_missing outcome arm.*.mask contradictions.*.mask "
        "with_outcome.*.mask dropout_model.*.term attrition attrition.unequal",
        name="arm.*.columns.* contradictions.*.columns.* with_outcome.*.columns.* filled.* left_out.*",
        # Told where neither arm lost few (`hetflow.report.prose_mechanism.attrition_text`).
        covered="attrition.missing.* dropout_model.*.at_risk dropout_model.*.events",
        estimate="arm.*.difference attrition.control attrition.treated attrition.difference attrition.lower "
        "attrition.upper contradictions.*.difference dropout_model.*.estimate dropout_model.*.se",
        overall="arm.*.p_adjusted contradictions.*.p_adjusted with_outcome.*.** attrition.p dropout_model.*.p",
    ),
}
