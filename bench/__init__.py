"""Measures the portal: figures beside their yardstick, from one run."""
