"""Random drifts by people who know the host's shell and the two APIs, and nothing of our code."""

from . import clouds, docker, files, firewall
from .surface import KINDS, Surface, choose

__all__ = ["KINDS", "Surface", "choose", "clouds", "docker", "files", "firewall"]
