from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

from mech_infra.commands import nginx as commands
from mech_infra.facts.host import program
from mech_infra.facts.host.nginx import Accepts, ForeignSites, RunsItsConfig, web_day, web_logs

from .conftest import recorded, told, word


def test_the_host_as_declared_shows_nothing() -> None:
    assert word(Accepts(), recorded()) == "accepts"
    assert word(RunsItsConfig(), recorded()) == "its config"
    assert told(ForeignSites(), recorded()) == []


def test_a_config_that_it_refuses() -> None:
    facts = recorded("nginx", "accepts", False)
    assert word(Accepts(), facts) == "refuses: see nginx -t on the host"
    facts["nginx"]["says"] = ['nginx: [emerg] unknown directive "foo" in /etc/nginx/conf.d/mech.conf:3']
    assert "unknown directive" in word(Accepts(), facts)


def test_a_worker_that_is_older_than_the_file() -> None:
    about = {**recorded()["nginx"], "newest_worker_s": 60.0, "config_s": 5.1}
    assert word(RunsItsConfig(), recorded(nginx=about)) == "an older config than the file"
    assert word(RunsItsConfig(), recorded(nginx={**about, "config_s": None})) == "its config"


def test_what_others_put_beside_ours() -> None:
    facts = recorded("files", "/etc/nginx/conf.d/x.conf", {})
    facts["files"]["/etc/nginx/mech/llm.green"] = {}
    facts["nginx"]["edited"] = ["/etc/nginx/nginx.conf"]
    assert told(ForeignSites(), facts) == [
        "not ours: /etc/nginx/conf.d/x.conf is not declared, and nginx reads it (left as it is)",
        "not ours: /etc/nginx/nginx.conf is not as its package brought it (left as it is)",
    ]


def asked_line(address: str, code: int, ago_s: float = 0) -> str:
    at = dt.datetime.fromtimestamp(time.time() - ago_s, dt.UTC).isoformat(timespec="seconds")
    return f'{address} - [{at}] "GET /x?key=hunter2 HTTP/1.1" {code} 12 0.003 127.0.0.1:13008 {code} "curl/8" -\n'


def error_line(text: str, ago_s: float = 0) -> str:
    return time.strftime("%Y/%m/%d %H:%M:%S ", time.localtime(time.time() - ago_s)) + text + "\n"


def test_what_the_logs_say_of_the_last_minutes(tmp_path: Path) -> None:
    (tmp_path / "mech-llm.access.log").write_text(
        asked_line("192.0.2.1", 200, 3600)
        + asked_line("192.0.2.1", 502) * 3
        + "no line of ours\n"
        + asked_line("::1", 200)
    )
    (tmp_path / "mech-queue.access.log").write_text("")
    upstream = '[error] 7#7: *3 connect() failed (111: Connection refused), client: 192.0.2.1, request: "GET /x?key=hunter2 HTTP/1.1"'
    (tmp_path / "mech-llm.error.log").write_text(error_line("[error] old", 3600) + error_line(upstream))
    (tmp_path / "error.log").write_text(
        error_line("[alert] 1#1: worker process 9 exited on signal 9", 60) + "more of it\n"
    )
    found = web_logs(
        f"{tmp_path}/mech-*.access.log", [f"{tmp_path}/mech-*.error.log", f"{tmp_path}/error.log"], minutes=10
    )
    assert found["codes"] == {"llm": {"200": 1, "502": 3}, "queue": {}}
    assert found["loud"] == []
    first, second = found["errors"]
    assert "worker process 9" in first and "Connection refused" in second and "hunter2" not in second


def test_who_is_refused_twenty_times(tmp_path: Path) -> None:
    (tmp_path / "mech-llm.access.log").write_text(
        asked_line("192.0.2.1", 429) * 60 + asked_line("192.0.2.2", 404) * 19 + asked_line("192.0.2.3", 200) * 200
    )
    (tmp_path / "mech-queue.access.log").write_text(
        asked_line("192.0.2.1", 429) * 60 + asked_line("192.0.2.4", 403) * 100
    )
    found = web_logs(f"{tmp_path}/mech-*.access.log", [], minutes=10)
    assert found["loud"] == [["192.0.2.1", 429, 120], ["192.0.2.4", 403, 100]]


def test_only_the_end_of_a_large_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "mech-llm.access.log"
    log.write_text(asked_line("192.0.2.1", 500) * 10_000)
    count = web_logs(str(log), [], minutes=10)["codes"]["llm"]["500"]
    assert count == 512 * 1024 // len(asked_line("192.0.2.1", 500))


def test_the_logs_are_where_our_config_has_them_written() -> None:
    site = commands.Site("llm", "llm.mech.is", 3008, (13008,), (23008,), 60)
    config = commands.render([site], exposed=True, max_body_mb=1, requests_per_second=1, burst=1, redirect_to_https=False,
                             trusted_proxies=[])  # fmt: skip
    wanted = program.ASKED["web_logs"]
    assert wanted["access"].replace("*", "llm") in config and wanted["errors"][0].replace("*", "llm") in config
    assert 'log_format mech \'$remote_addr - [$time_iso8601] "$request" $status ' in config


def test_a_day_reads_the_same_logs_and_more_of_them(tmp_path: Path) -> None:
    day, minutes = program.ASKED["web_day"], program.ASKED["web_logs"]
    assert (day["access"], day["errors"], day["minutes"]) == (minutes["access"], minutes["errors"], 24 * 60)
    log = tmp_path / "mech-llm.access.log"
    log.write_text(asked_line("192.0.2.1", 200, 3600) + asked_line("192.0.2.1", 502) * 10_000)
    assert web_day(str(log), [], day["minutes"], day["kb"])["codes"] == {"llm": {"200": 1, "502": 10_000}}
