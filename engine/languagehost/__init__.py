"""A Python language host for the real engine, for machines where the official one cannot be had."""
