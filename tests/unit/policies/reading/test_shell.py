"""A shell text read without running it: the commands with the words that a real shell hands them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.reading.shell import HOLE, read

SAYS = Path(__file__).with_name("says.sh")
# Each runs in a real bash, too, where `ufw` and `docker` only say their words.
TEXTS = {
    "a line each": "ufw allow 22/tcp\nufw --force enable",
    "joined": "ufw allow 22/tcp && ufw --force enable; ufw status || true",
    "sudo and its like": "env A=1 nice -n 5 timeout 10 ufw allow 80",
    "a loop": 'for p in 22 80 443; do ufw allow "$p/tcp"; done',
    "an array": 'PORTS=(22 80)\nPORTS+=(443)\nfor p in "${PORTS[@]}"; do ufw allow $p; done',
    "braces": "for p in {3001..3004} {80,443}; do ufw allow $p; done\nufw allow {1,2}/tcp",
    "seq": "for p in $(seq 3001 3003); do ufw allow $p; done; seq 5 6 | while read -r n; do ufw deny $n; done",
    "counted": "for ((i=1;i<=3;i++)); do ufw insert $i allow 80; done",
    "arithmetic": "A=3000; ufw allow $((A + 1)); ufw allow $(( (A+2)*2/2 ))",
    "a function": 'allow() { local p=$1; ufw allow "$p/${2:-tcp}"; }\nallow 53 udp; allow 80',
    "a shell in it": "bash -c 'ufw deny 80; sh -c \"ufw deny 81\"'",
    "its arguments": "bash -c 'ufw allow $1' x 90; set -- 1 2; ufw allow \"$@\"; shift; ufw allow $#$1",
    "eval": "R='allow 22'; eval \"ufw $R comment 'a b'\"",
    "quotes": "ufw allow 80 comment \"it's \\\"here\\\"\" 'a $b' $'c\\td' \\$e",
    "continued": "docker run -d \\\n  -p 80:80 \\\n  nginx",
    "defaults": 'X=; ufw "${X:-a}" "${X-b}" "${Y:-c}" "${X:+d}" ${Y:=e}',
    "cut": "F=a.b.c; ufw ${F%.*} ${F%%.*} ${F#*.} ${F##*.} ${F/b/x} ${#F} ${F^^}",
    "split": "A='1 2'; ufw $A \"$A\"",
    "a case": "D=mech.is; case $D in *.is|x) ufw allow 1;; *) ufw allow 2;; esac",
    "a test": 'A=1; if [ "$A" = 1 ]; then ufw a; elif [ -z "$A" ]; then ufw b; else ufw c; fi; [[ $A == 2 ]] && ufw d; [ $A -lt 2 ] && ufw e',
    "not": 'A=; if ! [ -n "$A" ]; then ufw a; fi; false || ufw b; true && ufw c; false && ufw d; true || ufw e',
    "a heredoc": "while read -r a b; do ufw $a $b; done <<END\nallow 22\ndeny 23\nEND",
    "separated": "while IFS=, read -r a b; do ufw $a $b; done <<<'allow,80'",
    "a file that it wrote": "cd $(mktemp -d 2>/dev/null || echo /tmp); printf '%s\\n' 80 81 >ports; for p in $(cat ports); do ufw allow $p; done",
    "a script that it wrote": "cat >./fw.sh <<'E'\nufw allow $1\nE\nbash ./fw.sh 99; . ./fw.sh",
    "turns": "for p in 1 2 3 4; do [ $p = 2 ] && continue; [ $p -eq 4 ] && break; ufw $p; done; seq 9 | while read n; do ufw $n; break; done",
    "a loop's words": "seq 5 | while read n; do echo a$n; [ $n = 2 ] && continue; [ $n = 4 ] && break; echo b$n; done | while read w; do ufw $w; done",
    "quoted patterns": """for r in 'allow 22/tcp comment' 'a|b' '*' x1 'p q'; do case $r in *" 22/tcp "* | 'p q') ufw 1;; "a|b") ufw 2;; "*") ufw 3;; x[0-9]|y) ufw 4;; esac; done""",
    "what a function prints": 'due() { while read -r r; do case $r in "a "*) [ -n "$r" ] || continue;; esac; echo "$r"; done <"$1"; }; printf \'a 1\\nb 2\\n\' >in; due in >out; while read -r r; do ufw $r; done <out',
    "xargs": "echo 1 2 3 | xargs -n1 ufw allow; printf '4\\n5\\n' | xargs -I{} ufw allow {}/udp",
    "a pipe into a shell": "echo 'ufw allow 5' | bash; bash <<X\nufw allow 6\nX",
    "sorted": "printf '2\\n1\\n' | sort | while read -r n; do ufw $n; done; printf '1\\n2\\n' | tac | while read n; do ufw $n; done",
    "sed": "echo 'ufw allow 1' | sed 's/^ufw //; s/1/2/' | while read -r r; do ufw $r; done",
    "an array by names": 'declare -A A=([ssh]=22); A[web]=80; ufw ${A[ssh]} "${A[web]}" ${#A[@]}; declare -A C=([one]=1); for k in "${!C[@]}"; do ufw $k; done; B=(1 2); B[1]=9; ufw "${B[@]}" "${!B[@]}"',
    "unset": 'A=1; unset A; ufw "[$A]" ${A:-22} ${A-23}; B=(1 2); unset B; ufw "[${B[*]}]"',
    "sed in place": "cd $(mktemp -d 2>/dev/null || echo /tmp); printf 'a=1\\n#b=2\\nc\\n' >f; sed -i -e 's/^a=.*/a=5/' -e 's/^#\\?b=/b=/' f; sed -i '/^c$/d; $a d=7' f; sed -i -E 's/(b)=([0-9]+)/\\1=x\\2/' f; while read -r r; do ufw $r; done <f",
    "sed with marks": "echo 'path /a/b x+y' | sed 's|/a/|/c/|; s#x+y#[&]#' | while read -r r; do ufw $r; done; printf '1\\n2\\n3\\n' | sed -n '2p' | while read n; do ufw $n; done; printf 'A\\nB\\n' | sed '/A/i 0' | while read n; do ufw $n; done",
    "tr, cut and awk": "for p in $(echo 22,80 | tr ',' ' '); do ufw $p; done; ufw $(echo a:b:c | cut -d: -f2) $(echo '1 2 3' | awk '{print $2}') $(echo ABC | tr '[:upper:]' '[:lower:]') $(echo a-b | tr -d '-')",
    "mapfile": "mapfile -t l < <(printf '%s\\n' 22 80); for p in \"${l[@]}\"; do ufw $p; done",
    "in the background": "ufw a & wait; ufw b",
    "a dash before a heredoc": "ufw -f - <<E\nx\nE",
    "base64": "echo dWZ3IGFsbG93IDc= | base64 -d | sh",
    "what comes after the end": "ufw a; (ufw b; exit 0; ufw c); f() { ufw d; return; ufw e; }; f; exit; ufw g",
    "a sub-shell keeps its variables": "A=1; (A=2; ufw $A); ufw $A; { A=3; }; ufw $A; B=$(A=4; echo $A); ufw $A $B",
    "comments": "ufw a # ufw b\n# ufw c\nufw 'd # e'",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_words_are_those_of_a_real_shell(text: str, tmp_path: Path) -> None:
    for name in ("ufw", "docker"):
        shutil.copy(SAYS, tmp_path / name)
        (tmp_path / name).chmod(0o755)
    about = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    subprocess.run(
        ["/bin/bash", "-c", text], env=about, cwd=tmp_path, timeout=20, check=False, stdin=subprocess.DEVNULL
    )
    real = [line.split("\x1f") for line in (tmp_path / "said").read_text().splitlines()]
    assert [list(act.argv) for act in read(text).of("ufw", "docker")] == real


UNSURE = {
    "a variable of somebody's": ('if [ "$STAGE" = prod ]; then ufw allow 80; fi', [False]),
    "another way": ("case $STAGE in prod) ufw a;; *) ufw b;; esac", [False, False]),
    "asked first, so that it is done once": ("ufw status | grep -q active || ufw enable", [True]),
    "both ways lead there": ("if ufw status | grep -q x; then ufw reload; else ufw enable; fi", [True, True]),
    "a file that may be there": ("[ -f /etc/x ] || ufw allow 80", [True]),
    "done when it went well": ("make && ufw allow 80", [True]),
    "done when it failed": ("make || ufw disable", [False]),
    "the end of one way is not the end": ("if ufw status; then ufw reset; exit 0; fi; ufw allow 80", [False, True]),
}


@pytest.mark.parametrize(("text", "sure"), UNSURE.values(), ids=UNSURE)
def test_what_depends_on_the_host_is_not_sure(text: str, sure: list[bool]) -> None:
    assert [act.sure for act in read(text).of("ufw") if act.argv[1:] != ("status",)] == sure


def test_what_cannot_be_known_is_a_hole() -> None:
    acts = read('ufw allow "$PORT"/tcp; ufw allow $(curl -s x); ssh root@h "$TEXT"').of("ufw")
    assert [act.argv[2] for act in acts] == [f"{HOLE}/tcp", HOLE]
    assert read('bash -c "$TEXT"').opaque == ["…"]


def test_variables_that_the_command_is_given() -> None:
    assert read("ufw allow $PORT", variables={"PORT": "80"}).acts[0].argv == ("ufw", "allow", "80")


def test_what_is_fed_to_a_command() -> None:
    text = (
        "cat <<EOF | docker compose -f - up -d\nservices: {}\nEOF\nyes | ufw reset\necho y | ufw enable\nufw status <in"
    )
    assert [act.stdin for act in read(text).acts] == ["services: {}\n", "y\n" * 8, "y\n", HOLE]


def test_the_files_that_it_leaves() -> None:
    text = (
        "D=mech.is\ncat >/etc/a.conf <<EOF\nserver_name $D; \\$host\nEOF\necho one | sudo tee /etc/b >/dev/null\n"
        "echo two >>/etc/b\nsudo tee -a /etc/b <<<three\nsh -c 'echo hi >/etc/c'; mv /etc/c /etc/d\ncd /srv; echo x 2>/dev/null >e"
    )
    assert dict(read(text).files) == {
        "/etc/a.conf": "server_name mech.is; $host\n",
        "/etc/b": "one\ntwo\nthree\n",
        "/etc/d": "hi\n",
        "/srv/e": "x\n",
    }


def test_files_get_other_names_and_folders() -> None:
    text = (
        "cd /tmp; echo a >site.conf; cp site.conf /etc/nginx/sites-available; mkdir -p d; cp site.conf d/x; cp -r d/. /srv/e/\n"
        "ln -sf /etc/nginx/sites-available/site.conf /etc/nginx/sites-enabled/\n"
        "cd /etc/nginx/sites-enabled && ln -s ../sites-available/site.conf other && ln -s ../sites-available/gone\n"
        "install -m 644 -t /opt /tmp/site.conf; mv /tmp/site.conf /tmp/d/x /root; ln -sT /root/x /opt/y"
    )
    found = dict(read(text).files)
    assert found.pop("/etc/nginx/sites-enabled/gone") == HOLE
    assert set(found.values()) == {"a\n"}
    assert set(found) == {
        "/etc/nginx/sites-available/site.conf", "/etc/nginx/sites-enabled/site.conf", "/etc/nginx/sites-enabled/other",
        "/srv/e/x", "/opt/site.conf", "/root/site.conf", "/root/x", "/opt/y",
    }  # fmt: skip


def test_what_is_written_on_a_way_that_ends_is_not_there_after_it() -> None:
    text = "d=$(mktemp -d); echo new >$d/$(basename /a/x); cp $d/x /etc/x; if ! nginx -t; then rm /etc/x; exit 1; fi; nginx -s reload"
    assert read(text).files["/etc/x"] == "new\n"


def test_a_command_over_ssh_is_read_as_the_host_reads_it() -> None:
    text = "ssh -i key -o BatchMode=yes root@h 'ufw allow 9' && ssh h <<'E'\nufw limit ssh\nE\n"
    assert [act.argv[1:] for act in read(text).of("ufw")] == [("allow", "9"), ("limit", "ssh")]


def test_the_line_is_the_line_of_the_text() -> None:
    assert [act.line for act in read("true\n\nbash -c '\nufw a'\nufw b").acts] == [3, 5]


@pytest.mark.parametrize(
    "text",
    [
        "f() { f; f; }; f",
        "for a in {1..4000}; do for b in {1..4000}; do x; done; done",
        'eval "$0"',
        "while :; do x; done",
    ],
)
def test_a_text_without_end_ends(text: str) -> None:
    read(text)


@given(st.text(alphabet="abufw $'\"\\{}()[];&|<>!=*#`~\n-/0123456789", max_size=120))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read(text: str) -> None:
    read(text)
