"""What auditors and administrators see in Django's admin; only the teams' policies can be changed there."""
