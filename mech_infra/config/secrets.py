"""The stack's secrets: which there are, what each opens, and what is wrong with those that are set."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mech_infra import catalogue, registry
from mech_infra.commands import passwords
from mech_infra.config import backup, environment
from mech_infra.config.alerts import DESTINATIONS
from mech_infra.config.types import NAMESPACE, is_placeholder

PASSWORDS = ("REDIS_PASSWORD", "MONGODB_PASSWORD")
# Stand for values that only the owner of the passphrase can read; each has its key's form.
STAND_INS: Mapping[str, str] = {
    "OPENAI_API_KEY": "sk-proj-" + "0" * 24, "ANTHROPIC_API_KEY": "sk-ant-api03-" + "0" * 24,
    "GITHUB_TOKEN": "ghp_" + "0" * 36, "R2_ACCESS_KEY": "0" * 32, "R2_SECRET_KEY": "0" * 64,
    DESTINATIONS: "json://stand-in.invalid/",
}  # fmt: skip


@dataclass(frozen=True)
class SecretKey:
    """One secret of a stack's config; `looks_like` is its form, where an open key has an example."""

    name: str
    description: str
    looks_like: str
    wrong: str
    needed: bool
    refused: tuple[str, ...]  # values that the loader refuses, for docs/config.md


def _vendors(secret: catalogue.Secret) -> SecretKey:
    users = " and ".join(service.name for service in catalogue.SERVICES.values() if secret.name in service.secrets)
    wrong = f"Missing, or a placeholder: refused, since {users} cannot work without it. One that its vendor refuses: {secret.wrong}"
    return SecretKey(
        secret.name,
        f"opens {secret.opens}; {users} gets it, and no other service",
        secret.looks_like,
        wrong,
        True,
        ("changeme", ""),
    )


KEYS = MappingProxyType(
    {
        key.name: key
        for key in (
            *(_vendors(secret) for secret in catalogue.SECRETS.values()),
            SecretKey(
                "REDIS_PASSWORD",
                description="the password of Redis; not set: it asks nobody",
                looks_like="any printable characters",
                wrong="Empty, or with a line break or a control character: refused. Redis before 6.2 knows no users: refused",
                needed=False,
                refused=("", "a\nb"),
            ),
            SecretKey(
                "MONGODB_PASSWORD",
                description="the password of MongoDB; not set: it asks nobody",
                looks_like="any printable characters",
                wrong="Empty, or with a line break or a control character: refused. The first one, and taking it away, makes "
                "MongoDB's container anew (docs/production.md, 8)",
                needed=False,
                refused=("", "a\tb"),
            ),
            SecretKey(
                registry.TOKEN,
                description="the token with which mech:images.registryUser pulls private images; for mech:images.registry only",
                looks_like="what your registry gives out; at GitHub a classic token with read:packages",
                wrong="Without mech:images.registryUser it is refused. One that may not read the images, or has run out: one "
                "sentence that names image and registry at the next new image",
                needed=False,
                refused=("ghp_0123456789",),
            ),
            SecretKey(
                environment.SECRETS,
                description="by service, then by name: the secrets that a service gets in its environment beside those above, as "
                "`pulumi config set --secret --path mech:serviceSecrets.llm.SENTRY_TOKEN` sets one",
                looks_like="what its vendor gives out",
                wrong="In plain text, empty or a placeholder: refused. One that is changed makes a new version of the service, which "
                "takes over without an outage",
                needed=False,
                refused=(
                    '{"llm": {"SENTRY_TOKEN": "changeme"}}',
                    '{"lmm": {"SENTRY_TOKEN": "0123456789"}}',
                    '{"llm": {"REDIS_URL": "redis://localhost"}}',
                ),
            ),
            SecretKey(
                DESTINATIONS,
                description="whom `mech alert` tells: one or more addresses as the library Apprise has them, apart by spaces",
                looks_like="slack://TOKENA/TOKENB/TOKENC mailtos://USER:PASSWORD@mech.example?to=ops@mech.example "
                "jsons://hooks.mech.example/PATH (https://appriseit.com/services/)",
                wrong="Empty, or without a scheme: refused. One that Apprise does not know, or that takes nothing: `mech alert` "
                "says so by its number, keeps the message and tries again in its next run; try it: mech alert --test",
                needed=False,
                refused=("ops@mech.example", ""),
            ),
            SecretKey(
                backup.PASSWORD,
                description="what restic encrypts the backups with, on the host, before anything leaves it",
                looks_like=f"{backup.SHORTEST} characters or more, as `openssl rand -base64 24` gives",
                wrong="Lost: no backup can be read, by nobody; keep a copy where the platform is not. Another one than the repository "
                "was made with: each backup fails and says so",
                needed=False,
                refused=("0123456789", ""),
            ),
            SecretKey(
                backup.ACCESS_KEY,
                description="the id of the key with which the host writes to the store of mech:backup.repository",
                looks_like="what R2 gives out as Access Key ID",
                wrong="One that may delete: who takes over the host can delete the backups (mech:backup.protection). One that the "
                "store refuses: each backup fails and says so",
                needed=False,
                refused=("changeme",),
            ),
            SecretKey(
                backup.SECRET_KEY,
                description="the secret of that key",
                looks_like="what R2 gives out as Secret Access Key",
                wrong="One that the store refuses: each backup fails and says so",
                needed=False,
                refused=("",),
            ),
        )
    }
)


def mistakes(secrets: Mapping[str, str], marked: Collection[str]) -> list[str]:
    """A sentence for each that is missing, a placeholder or in plain text; `marked` are those that the engine decrypted."""
    mistakes = []
    for name, secret in catalogue.SECRETS.items():
        users = ", ".join(service.name for service in catalogue.SERVICES.values() if name in service.secrets)
        how = f"set it: pulumi config set --secret {NAMESPACE}:{name}"
        if name not in secrets:
            mistakes.append(f"{NAMESPACE}:{name} is missing and {users} cannot work without it; {how}")
        elif is_placeholder(secrets[name]):
            mistakes.append(f"{NAMESPACE}:{name} is empty or a placeholder; {how} (it looks like {secret.looks_like})")
    if is_placeholder(secrets.get(registry.TOKEN, "set")):
        mistakes.append(
            f"{NAMESPACE}:{registry.TOKEN} is empty or a placeholder; set it: "
            f"pulumi config set --secret {NAMESPACE}:{registry.TOKEN}"
        )
    for name in PASSWORDS:
        if (found := passwords.mistake(secrets.get(name, "set"))) is not None:
            mistakes.append(
                f"{NAMESPACE}:{name} {found}; set another one: pulumi config set --secret {NAMESPACE}:{name} "
                f"(or, for no password: pulumi config rm {NAMESPACE}:{name})"
            )
    for name in secrets:
        if name not in marked:
            mistakes.append(
                f"{NAMESPACE}:{name} stands in plain text; set it anew: pulumi config set --secret {NAMESPACE}:{name}"
            )
    return mistakes
