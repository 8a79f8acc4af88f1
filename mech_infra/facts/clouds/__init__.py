"""Facts of the two clouds: one module a cloud, read from their APIs with the tokens that the providers use."""
