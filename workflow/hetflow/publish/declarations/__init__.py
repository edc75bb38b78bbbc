"""What each of the report's inputs and each exported table is: one module a kind of artefact."""
