"""A container's inputs as what `docker inspect` shows of them: written for the replay, apart from the stand-in's own."""

from __future__ import annotations

from tests.parity.recordings import Json

_MIB, _SECOND = 1 << 20, 10**9


def body_of(inputs: Json) -> Json:
    check, log = inputs.get("healthcheck"), inputs.get("logDriver")
    return {
        "Image": inputs["image"],
        "Cmd": inputs.get("command"),
        "Entrypoint": inputs.get("entrypoints"),
        "Env": inputs.get("envs") or [],
        "Labels": {item["label"]: item["value"] for item in inputs.get("labels") or []},
        "Healthcheck": _healthcheck(check) if check else None,
        "HostConfig": {
            "Memory": inputs.get("memory", 0) * _MIB,
            "MemorySwap": inputs.get("memorySwap", 0) * _MIB,
            "NanoCpus": round(float(inputs.get("cpus") or 0) * _SECOND),
            "RestartPolicy": {"Name": inputs.get("restart", "no"), "MaximumRetryCount": 0},
            **({"LogConfig": {"Type": log, "Config": inputs.get("logOpts") or {}}} if log else {}),
            "PortBindings": {
                f"{port['internal']}/{port['protocol']}": [{"HostIp": port["ip"], "HostPort": str(port["external"])}]
                for port in inputs.get("ports") or []
            },
            "ExtraHosts": [f"{item['host']}:{item['ip']}" for item in inputs.get("hosts") or []] or None,
            "Mounts": [
                {
                    "Type": item["type"], "Source": item["source"], "Target": item["target"],
                    **({"ReadOnly": True} if item.get("readOnly") else {}),
                }
                for item in inputs.get("mounts") or []
            ],
        },
    }  # fmt: skip


def _healthcheck(check: Json) -> Json:
    times = {"Interval": "interval", "Timeout": "timeout", "StartPeriod": "startPeriod"}
    found = {key: int(check[name].removesuffix("s")) * _SECOND for key, name in times.items()}
    return {**found, "Test": check["tests"], "Retries": check["retries"]}
