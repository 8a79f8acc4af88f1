"""Typed, validated config: `load` turns a stack's raw config into a StackConfig or says what is wrong."""

from mech_infra.config.loading import (
    ConfigError,
    StackConfig,
    check_files,
    check_own_address,
    check_zone,
    examine,
    key_mistake,
    load,
)
from mech_infra.config.platform import PlatformConfig, ResolvedService, service_url

__all__ = [
    "ConfigError",
    "PlatformConfig",
    "ResolvedService",
    "StackConfig",
    "check_files",
    "check_own_address",
    "check_zone",
    "examine",
    "key_mistake",
    "load",
    "service_url",
]
