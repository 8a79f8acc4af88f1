"""Stand-in for the Vultr provider plugin (ediri vultr 2.27.1), for machines where the official one cannot be had."""
