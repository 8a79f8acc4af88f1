"""LanguageRuntime over gRPC: runs Python programs, policy packs and plugins for the engine.

Source of the protocol: pulumi/proto language.proto, by the stubs in PyPI's `pulumi`; only the stubs are imported,
since all of `pulumi` costs half a second at each start.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import types
from concurrent import futures
from pathlib import Path


def _stubs() -> None:
    # A bare `pulumi` package, so that importing its protocol does not import the SDK.
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("the pulumi package is not installed in " + sys.prefix + "; run make up again")
    for name, folder in (("pulumi", ""), ("pulumi.runtime", "runtime")):
        module = types.ModuleType(name)
        module.__path__ = [str(Path(place) / folder) for place in spec.submodule_search_locations]
        sys.modules[name] = module


_stubs()
# Programs are started by fork and exec, which needs none of gRPC's fork handling, nor its warning about it.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
import grpc  # noqa: E402
from google.protobuf import empty_pb2  # noqa: E402
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2  # noqa: E402

HERE = Path(__file__).resolve().parent
# The executor's way to say: the user has been told already (findings §1).
ALREADY_TOLD = 32
_CANONICAL = re.compile(r"[-_.]+")
_DIE_WITH_PARENT = 1


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """One engine's language host; the engine's address comes as an argument or by Handshake."""

    def __init__(self, engine: str | None) -> None:
        self.engine = engine
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        return any(process.poll() is None for process in list(self._running))

    # --- who we are
    def Handshake(self, request, context):
        self.engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="3.259.0")

    def About(self, request, context):
        python = _python(request.info)
        version = subprocess.run([python, "--version"], capture_output=True, text=True, check=False).stdout.split()
        return language_pb2.AboutResponse(executable=python, version=version[-1] if version else "")

    def RuntimeOptionsPrompts(self, request, context):
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request, context):
        return language_pb2.TemplateResponse()

    # --- what a program needs
    def GetRequiredPackages(self, request, context):
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(name=name, kind="resource", version=version, server=server)
                for name, version, server in _plugins(_site_packages(request.info))
            ]
        )

    def GetRequiredPlugins(self, request, context):
        return language_pb2.GetRequiredPluginsResponse(
            plugins=[
                plugin_pb2.PluginDependency(name=name, kind="resource", version=version, server=server)
                for name, version, server in _plugins(_site_packages(request.info))
            ]
        )

    def GetProgramDependencies(self, request, context):
        found = [_name_and_version(info) for info in sorted(_site_packages(request.info).glob("*.dist-info"))]
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def InstallDependencies(self, request, context):
        folder = Path(request.directory)
        if not (folder / "requirements.txt").exists():
            text = "Nothing to install: no requirements.txt.\n"
            yield language_pb2.InstallDependenciesResponse(stdout=text.encode())
            return
        python = _python(request.info, must_exist=False)
        if not Path(python).exists():
            yield from self._told([sys.executable, "-m", "venv", str(Path(python).parent.parent)], folder, context)
        command = [python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
        yield from self._told(command, folder, context)

    # --- running
    def Run(self, request, context):
        env = dict(os.environ)
        env["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        env["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        env.update(_virtual_environment(request.info))
        command = [
            _python(request.info), "-u", str(HERE / "pulumi-language-python-exec"),
            "--monitor", request.monitor_address, "--engine", self.engine or "",
            "--project", request.project, "--stack", request.stack, "--pwd", request.pwd or request.info.program_directory,
            "--dry_run", "true" if request.dryRun else "false", "--parallel", str(request.parallel),
            "--organization", request.organization, "--root_directory", request.info.root_directory,
            (request.info.entry_point and str(Path(request.info.program_directory) / request.info.entry_point))
            or request.program, *request.args,
        ]  # fmt: skip
        try:
            process = self._start(command, env, request.pwd or request.info.program_directory, stdout=None, stderr=None)
        except OSError as error:
            return language_pb2.RunResponse(error=f"cannot start {command[0]}: {error}")
        code = self._wait(process, context)
        if code == 0:
            return language_pb2.RunResponse()
        if code == ALREADY_TOLD:
            return language_pb2.RunResponse(bail=True)
        reason = f"was ended by signal {-code}" if code < 0 else f"exited with non-zero exit code: {code}"
        return language_pb2.RunResponse(error=f"Program {reason}")

    def RunPlugin(self, request, context):
        env = dict(item.partition("=")[::2] for item in request.env) or dict(os.environ)
        env.update(_virtual_environment(request.info))
        folder = request.info.program_directory or request.program
        python = _python(request.info)
        if request.kind == "analyzer":
            command = [python, "-u", "-m", "pulumi.policy", *request.args[:1], folder, *request.args[2:]]
        else:
            command = [python, "-u", folder, *request.args]
        process = self._start(command, env, request.pwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stop = lambda: self._end(process)  # noqa: E731
        if not context.add_callback(stop):
            stop()
        for kind, data in _streams(process):
            yield language_pb2.RunPluginResponse(**{kind: data})
        code = process.wait()
        self._running.discard(process)
        yield language_pb2.RunPluginResponse(exitcode=code)

    def Cancel(self, request, context):
        for process in list(self._running):
            self._end(process)
        return empty_pb2.Empty()

    # --- processes
    def _start(self, command, env, folder, **streams) -> subprocess.Popen:
        process = subprocess.Popen(
            command, env=env, cwd=folder or None, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent, **streams
        )
        with self._lock:
            self._running.add(process)
        return process

    def _wait(self, process, context) -> int:
        context.add_callback(lambda: self._end(process))
        code = process.wait()
        self._running.discard(process)
        return code

    def _end(self, process) -> None:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()

    def _told(self, command, folder, context):
        process = self._start(command, dict(os.environ), folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for kind, data in _streams(process):
            yield language_pb2.InstallDependenciesResponse(**{kind: data})
        code = process.wait()
        if code:
            context.abort(grpc.StatusCode.UNKNOWN, f"{' '.join(command[:4])} ended with {code}")


def _streams(process):
    """(stream's name, bytes) from both pipes as they come."""
    lines: queue.Queue = queue.Queue()

    def pump(kind, pipe) -> None:
        for data in iter(lambda: pipe.read1(65536), b""):
            lines.put((kind, data))
        lines.put(None)

    for kind in ("stdout", "stderr"):
        threading.Thread(target=pump, args=(kind, getattr(process, kind)), daemon=True).start()
    for _ in range(2):
        while (item := lines.get()) is not None:
            yield item


def _options(info) -> dict[str, str]:
    return {key: value.string_value for key, value in info.options.fields.items()}


def _virtual_environment(info) -> dict[str, str]:
    python = Path(_python(info))
    if not (python.parent.parent / "pyvenv.cfg").exists():
        return {}
    return {
        "VIRTUAL_ENV": str(python.parent.parent),
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _python(info, must_exist: bool = True) -> str:
    """The interpreter of the project's virtualenv option, else of the environment that we run in."""
    chosen = _options(info).get("virtualenv")
    if not chosen:
        return sys.executable
    python = Path(info.root_directory or info.program_directory) / chosen / "bin" / "python"
    return str(python) if python.exists() or not must_exist else sys.executable


def _site_packages(info) -> Path:
    folder = Path(_python(info)).parent.parent
    return next(folder.glob("lib/python3.*/site-packages"), Path(sys.prefix))


def _plugins(site: Path):
    """(name, version, server) of each SDK in `site` that has a plugin, by its pulumi-plugin.json."""
    versions = {
        _CANONICAL.sub("_", name).lower(): version for name, version in map(_name_and_version, site.glob("*.dist-info"))
    }
    for file in sorted(site.glob("*/pulumi-plugin.json")):
        plugin = json.loads(file.read_text())
        if plugin.get("resource"):
            version = plugin.get("version") or versions.get(file.parent.name.lower(), "")
            yield (
                plugin.get("name") or file.parent.name.removeprefix("pulumi_"),
                f"v{version.lstrip('v')}",
                plugin.get("server", ""),
            )


def _name_and_version(info: Path) -> tuple[str, str]:
    name, _, version = info.name.removesuffix(".dist-info").partition("-")
    return name, version


def main() -> None:
    _die_with_parent()
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.max_receive_message_length", -1)])
    host = Host(addresses[0] if addresses else None)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    # The engine asks by SIGINT. Ctrl-C sends it too, to the whole group: then the program that runs ends first.
    signal.signal(signal.SIGINT, lambda *_: None if host.busy else stopped.set())
    stopped.wait()
    server.stop(0)
    os._exit(0)


if __name__ == "__main__":
    main()
