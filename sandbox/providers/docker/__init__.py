"""Stand-in for pulumi-docker 5.2.0: networks, volumes, images and containers over the Docker Engine's API."""
