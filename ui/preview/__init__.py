"""The mask preview."""
