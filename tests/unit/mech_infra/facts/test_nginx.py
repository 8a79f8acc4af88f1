from __future__ import annotations

from mech_infra.facts.host.nginx import Accepts, ForeignSites, RunsItsConfig

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
