"""Whether the analysis plan was followed: the study file's own words, and counts of keys and tests."""

from hetflow.publish.declared import Declared, kinds

FILE = "planned"

TABLES = {
    # Values that may name levels are taken out by `hetflow.publish.planned`.
    "deviations": Declared(
        kinds(setting="key analyses planned done amendment touches"), own="public_deviations"
    ),
}

FACTS = {
    "plan": kinds(
        setting="state date outcomes_read_before sha256 document_sha256 last_sha256 hashed amendments.** deviations "
        "uncovered primary other tests unplanned.**"
    )
}
