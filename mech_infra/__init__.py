"""The Mech platform, declared: one component a module, typed config, the catalogue of services as data."""
