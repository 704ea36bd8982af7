"""What happens to the resources of the simulated vendors, one file a vendor; `vendors` answers for it."""
