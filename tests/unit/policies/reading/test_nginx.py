"""nginx's config read as nginx reads it: files, includes, who answers, where a redirect leads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.model import REMOTE, Resource, Stack, Unjudged
from policies.reading.nginx import Nginx, nginx
from policies.reading.nginx.loops import loops
from policies.reading.nginx.tree import parsed


def read(conf: str, more: str = "") -> Nginx:
    text = "\n".join(("cat >/etc/nginx/conf.d/a.conf <<'END'", conf, "END", more))
    found = nginx(Stack([Resource(REMOTE, "site", {"create": text})]))
    assert found is not None
    return found


def test_servers_names_and_where_they_pass_requests_to() -> None:
    found = read(
        "upstream app { server 127.0.0.1:3001; server 127.0.0.1:3002 backup; server unix:/run/app; }\n"
        "server { listen 80; listen [::]:443 ssl default_server; server_name a.example b.example;\n"
        "  location / { proxy_pass http://app; } location /x/ { proxy_pass http://localhost:9000/y/; } }\n"
        "server { listen 127.0.0.1:8080; server_name _; set $to app; location / { proxy_pass http://$to; } }"
    )
    assert found.names == found.tls_names == {"a.example", "b.example"}
    assert found.upstreams == [[{3001}], [{9000}]]
    assert [server.listens_on(443, ssl=True) for server in found.servers] == [True, False]
    assert not found.servers[1].listens_on(8080)  # nobody outside reaches it


def test_a_server_without_listen_is_on_80() -> None:
    assert read("server { server_name a.example; }").servers[0].listens_on(80)


def test_includes_are_looked_for_among_the_files_that_were_written() -> None:
    more = "echo 'client_max_body_size 9m;' >/etc/nginx/snippets/size.conf"
    found = read("include mime.types;\nserver { listen 80; include snippets/size.conf; include fastcgi_params; }", more)
    assert found.servers[0].held("client_max_body_size")[0].args == ("9m",)
    found.whole()


@pytest.mark.parametrize(
    "conf",
    ["server { listen 80; include /etc/nginx/tls/unknown.conf; }", "server { listen 80; include $WHERE/x.conf; }"],
)
def test_what_nobody_wrote_is_not_called_missing(conf: str) -> None:
    with pytest.raises(Unjudged):
        read(conf.replace("$WHERE", "\ue000")).whole()


def test_what_is_not_known_in_a_text_is_a_hole_and_takes_nothing_with_it() -> None:
    found = nginx(Stack([Resource(REMOTE, "site", {"create": 'cat >/etc/nginx/conf.d/a.conf <<END\nserver {\n$MORE\nlisten 80;\n}\nEND'})]))  # fmt: skip
    assert found is not None and found.servers[0].directive.of("listen")
    with pytest.raises(Unjudged):
        found.whole()


def test_a_site_that_is_not_enabled_is_not_read() -> None:
    text = "echo 'server { listen 80; }' >/etc/nginx/sites-available/a"
    assert nginx(Stack([Resource(REMOTE, "site", {"create": text})])) is None


def test_a_main_config_that_includes_only_what_it_names() -> None:
    text = (
        "echo 'events {} http { include /srv/sites/*.conf; }' >/etc/nginx/nginx.conf\n"
        "echo 'server { listen 81; }' >/srv/sites/a.conf; echo 'server { listen 82; }' >/etc/nginx/conf.d/b.conf"
    )
    found = nginx(Stack([Resource(REMOTE, "site", {"create": text})]))
    assert found is not None
    assert [server.listens[0].port for server in found.servers] == [81]


FAULTS = {
    "server { listen 80;": "expecting",
    "server { listen 80; } }": 'unexpected "}"',
    "server { root /a }": "not terminated",
    "listen 80;": "not allowed here",
    "server { client_max_body_size; }": "number of arguments",
    "server { autoindex maybe; }": '"on" or "off"',
}


@pytest.mark.parametrize(("conf", "said"), FAULTS.items(), ids=FAULTS)
def test_what_nginx_refuses_is_said_with_its_place(conf: str, said: str) -> None:
    (fault, *_) = read("# first\n" + conf).config.faults
    assert said in fault
    assert fault.startswith("/etc/nginx/conf.d/a.conf:2: ")


@pytest.mark.parametrize(
    "conf",
    [
        "server { http2 on; some_module_of_mine a b; content_by_lua_block { if x then y = {} end } }",
        'map $a $b { default "x;y{"; ~^/(?<n>[a-z]{2})$ 1; }',
        "# } only a comment",
    ],
)
def test_what_nginx_takes_is_no_fault(conf: str) -> None:
    assert parsed(conf, "f").faults == ()


LOOPS = {
    "return": ("return 301 https://$host$request_uri;", True),
    "return without a code": ("return https://a.example;", True),
    "rewrite": ("rewrite ^ https://$server_name$request_uri? permanent;", True),
    "a group": ("rewrite ^/(.*)$ https://a.example/$1 redirect;", True),
    "scheme": ('if ($scheme != "https") { return 308 https://$http_host$request_uri; }', True),
    "certbot's": ("if ($host = a.example) { return 301 https://$host$request_uri; } return 404;", True),
    "a variable": ("set $to https://$host; return 302 $to$request_uri;", True),
    "a location": ("location / { return 301 https://$host$request_uri; } location /.well-known/ { root /x; }", True),
    "one location": ("location /admin { return 301 https://$host$request_uri; } location / { root /x; }", True),
    "two hops": ("location /a { return 301 https://$host/b; } location /b { return 302 https://$host/a; }", True),
    "the edge's word": ('if ($http_x_forwarded_proto = "http") { return 301 https://$host$request_uri; }', False),
    "the edge's word by a map": ("if ($insecure) { return 301 https://$host$request_uri; }", False),
    "a page that moved": ("location = /old { return 301 https://$host/new; } location / { root /x; }", False),
    "elsewhere": ("return 301 https://b.example$request_uri;", False),
    "an answer": ("return 200 'https://a.example';", False),
    "by a word that nobody knows": ("if ($cookie_x) { return 301 https://$host$request_uri; }", False),
    "last": ("rewrite ^/a$ /b last; location /b { root /x; }", False),
}


@pytest.mark.parametrize(("body", "loop"), LOOPS.values(), ids=LOOPS)
def test_a_redirect_is_followed_as_a_browser_does(body: str, loop: bool) -> None:
    maps = "map $http_x_forwarded_proto $insecure { default 0; http 1; }\n"
    found = read(f"{maps}server {{ listen 80; server_name a.example; {body} }}")
    assert bool(list(loops(found, tls=False))) is loop
    assert not list(loops(found, tls=True))  # nobody asks it by TLS


def test_www_and_the_bare_name_that_send_to_each_other() -> None:
    conf = "server {{ listen 443 ssl; server_name {}; return 301 https://{}$request_uri; }}"
    both = conf.format("a.example", "www.a.example") + conf.format("www.a.example", "a.example")
    assert list(loops(read(both), tls=True))
    assert not list(loops(read(conf.format("www.a.example", "a.example") + "server { listen 443 ssl; server_name a.example; }"), True))  # fmt: skip


@given(st.text(alphabet="server{};#'\"\\$ \n\ue000listen80/~^*=()", max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str) -> None:
    parsed(text, "f")
