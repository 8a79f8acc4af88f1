"""The versions of a service that a stack had, read from the engine's own history, and the way back to one of them.

A version is what a service's containers are made of (mech_infra.rollout), as far as the config says it: image, port,
memory, cores, plain environment. Secrets are none of it: a rotated key is not brought back. Nor are the number of
containers and nginx' patience, which can be changed without another version.
"""
