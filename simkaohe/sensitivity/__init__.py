"""Sensitivity (敏感性): how far each place in the ranking can be trusted."""
