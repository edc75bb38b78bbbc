"""What a rule that decides whom to treat would gain: rankings compared, trees, curves under a budget, harms."""
