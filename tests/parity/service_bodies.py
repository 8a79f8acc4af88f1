"""A service's state as what the swarm's API shows of it: written for the replay, apart from the stand-in's own."""

from __future__ import annotations

import re

from tests.parity.recordings import Json

_UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}


def nanos(text: str) -> int:
    return round(sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([\d.]+)(ms|h|m|s)", text or "")) * 10**9)


def labels(items: list[Json] | None) -> dict[str, str]:
    return {item["label"]: item["value"] for item in items or []}


def body_of(state: Json) -> Json:
    task, endpoint = state["taskSpec"], state["endpointSpec"]
    return {
        "Name": state["name"],
        "Labels": labels(state["labels"]),
        "TaskTemplate": {
            "ContainerSpec": _container(task["containerSpec"]),
            "Resources": {
                key: {"NanoCPUs": part["nanoCpus"], "MemoryBytes": part["memoryBytes"]}
                for key, name in (("Limits", "limits"), ("Reservations", "reservation"))
                if (part := task["resources"].get(name))
            },
            "RestartPolicy": {
                "Condition": task["restartPolicy"]["condition"], "MaxAttempts": task["restartPolicy"]["maxAttempts"],
                **{
                    key: nanos(task["restartPolicy"][name])
                    for key, name in (("Delay", "delay"), ("Window", "window"))
                    if task["restartPolicy"].get(name)
                },
            },
            "Placement": {
                "Constraints": task["placement"].get("constraints") or [], "MaxReplicas": task["placement"]["maxReplicas"],
                "Preferences": [{"Spread": {"SpreadDescriptor": item}} for item in task["placement"].get("prefs") or []],
                "Platforms": [{"Architecture": p["architecture"], "OS": p["os"]} for p in task["placement"]["platforms"]],
            },
            "Networks": [{"Target": item["id"], "Aliases": item.get("aliases")} for item in task["networksAdvanceds"]],
            "ForceUpdate": task["forceUpdate"], "Runtime": task["runtime"],
            **({"LogDriver": {"Name": task["logDriver"]["name"], "Options": task["logDriver"]["options"]}}
               if task.get("logDriver") else {}),
        },
        "Mode": {"Replicated": {"Replicas": state["mode"]["replicated"]["replicas"]}},
        **{
            key: _rollout(state[name])
            for key, name in (("UpdateConfig", "updateConfig"), ("RollbackConfig", "rollbackConfig"))
            if state.get(name)
        },
        "EndpointSpec": {
            "Mode": endpoint["mode"],
            "Ports": [
                {"Name": port.get("name", ""), "Protocol": port["protocol"], "TargetPort": port["targetPort"],
                 "PublishedPort": port["publishedPort"], "PublishMode": port["publishMode"]}
                for port in endpoint["ports"]
            ],
        },
    }  # fmt: skip


def _rollout(config: Json) -> Json:
    return {
        "Parallelism": config["parallelism"], "Delay": nanos(config["delay"]), "FailureAction": config["failureAction"],
        "Monitor": nanos(config["monitor"]), "MaxFailureRatio": float(config["maxFailureRatio"]), "Order": config["order"],
    }  # fmt: skip


def _container(spec: Json) -> Json:
    check = spec["healthcheck"]
    return {
        "Image": spec["image"], "Labels": labels(spec["labels"]), "Command": spec.get("commands"),
        "Args": spec.get("args"), "Hostname": spec["hostname"], "Dir": spec["dir"], "User": spec["user"],
        "Env": [f"{key}={value}" for key, value in (spec.get("env") or {}).items()],
        "ReadOnly": spec["readOnly"], "StopSignal": spec["stopSignal"], "Init": spec["init"],
        "StopGracePeriod": nanos(spec["stopGracePeriod"]), "DNSConfig": {}, "Isolation": spec["isolation"],
        "CapabilityDrop": spec.get("capDrops"), "Hosts": [f"{item['ip']} {item['host']}" for item in spec["hosts"]],
        "Healthcheck": {
            "Test": check["tests"], "Interval": nanos(check["interval"]), "Timeout": nanos(check["timeout"]),
            "StartPeriod": nanos(check["startPeriod"]), "Retries": check["retries"],
        },
        "Mounts": [
            {"Type": item["type"], "Source": item["source"], "Target": item["target"], "ReadOnly": bool(item.get("readOnly"))}
            for item in spec["mounts"]
        ],
        "Secrets": [_file("Secret", item) for item in spec["secrets"]],
        "Configs": [_file("Config", item) for item in spec["configs"]],
    }  # fmt: skip


def _file(kind: str, item: Json) -> Json:
    name = kind.lower()
    file = {"Name": item["fileName"], "UID": item["fileUid"], "GID": item["fileGid"], "Mode": item["fileMode"]}
    return {f"{kind}ID": item[f"{name}Id"], f"{kind}Name": item[f"{name}Name"], "File": file}
