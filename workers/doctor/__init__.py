"""The doctor: probes of a deployment, and what each verdict says to do."""
