"""Two runs compared: settings, data, code, versions, conclusions, estimates, tests and figures."""
