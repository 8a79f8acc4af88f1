"""UFW: nothing is closed before SSH is open and the roll-back is armed, and what is as wanted is not touched."""

from __future__ import annotations

import pytest

from mech_infra.commands import firewall
from mech_infra.commands.firewall import STATE
from tests.unit.mech_infra.commands.rig import Rig

GUARD = firewall.docker_guard("3001:3010")
ALLOWED = firewall.rules(["0.0.0.0/0"], "3001:3010")
MARK = firewall.fingerprint(ALLOWED, GUARD)
CHANGES = r"^ufw (?!status|show)|iptables -w 5 -D|systemd-run"
OURS = "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=6d656368\n"
# As much of UFW as the commands ask it: what was added is shown, on or off is said.
UFW = """state=/etc/ufw/fake; mkdir -p "$state"
case "$*" in
  "status numbered") cat "$state/numbered" 2>/dev/null ;;
  status) if [ -e "$state/on" ]; then echo 'Status: active'; else echo 'Status: inactive'; fi ;;
  "show added") cat "$state/added" 2>/dev/null ;;
  "--force enable") touch "$state/on" ;;
  "--force disable") rm -f "$state/on" ;;
  "allow "* | "insert 1 allow "*)
    rule=${*#insert 1 }; rule="ufw ${rule% comment mech} comment 'mech'"
    grep -qxF "$rule" "$state/added" 2>/dev/null || echo "$rule" >>"$state/added" ;;
  "--force delete "[0-9]*) ;;
  "--force delete "*) sed -i "\\|^ufw ${*#--force delete } comment|d" "$state/added" ;;
  *"default deny incoming"*) echo 'DEFAULT_INPUT_POLICY="DROP"' >/etc/default/ufw ;;
esac
exit 0"""


@pytest.fixture(autouse=True)
def ufw(rig: Rig) -> None:
    rig.write("/etc/default/ufw", 'DEFAULT_INPUT_POLICY="ACCEPT"\n')
    rig.write("/etc/ufw/after.rules", "# theirs\n*filter\nCOMMIT\n")
    rig.write("/etc/ufw/user.rules", OURS)
    rig.fake("ufw", UFW)
    rig.fake("iptables", 'echo "-P INPUT DROP"')
    rig.fake("tar", 'how=$1 archive=$2; shift 4; exec /usr/bin/tar "$how" "$archive" -C $host "$@"')


def apply(rig: Rig, only_declared: bool = False) -> str:
    return rig.run(firewall.apply(ALLOWED, GUARD, 90, only_declared)).stdout.splitlines()[-1]


def test_ssh_is_open_and_the_rollback_armed_before_anything_closes(rig: Rig) -> None:
    assert apply(rig) == f"applied {MARK}"
    steps = [r"^systemd-run", r"ufw allow 22/tcp", r"ufw allow 80/tcp", r"default deny incoming", r"ufw --force enable"]
    positions = [rig.calls.index(rig.called(step)[0]) for step in steps]
    assert positions == sorted(positions)
    assert rig.called("systemd-run") == [
        f"systemd-run --quiet --unit=mech-firewall-rollback --on-active=90s {STATE}/rollback"
    ]
    assert rig.called("default allow outgoing")
    assert rig.read("/etc/ufw/after.rules") == "# theirs\n*filter\nCOMMIT\n" + GUARD
    assert rig.mode(STATE) == "700" and rig.mode(f"{STATE}/rollback") == "700"


def test_the_second_time_changes_nothing(rig: Rig) -> None:
    apply(rig)
    rig.forget()
    rig.path(f"{STATE}/applied").unlink()
    assert apply(rig) == f"unchanged {MARK}"
    assert rig.called(CHANGES) == []
    assert rig.called("^systemctl") == ["systemctl unmask -q ufw.service", "systemctl enable -q ufw.service"]
    assert rig.run(firewall.confirm(MARK)).stdout == f"confirmed {MARK}\n"


@pytest.mark.parametrize("broken", ["off", "policy", "rule", "guard", "INPUT", "ufw-user-input", "DOCKER-USER"])
def test_whatever_drifted_is_put_right(rig: Rig, broken: str) -> None:
    apply(rig)
    if broken == "off":
        rig.path("/etc/ufw/fake/on").unlink()
    elif broken == "policy":
        rig.write("/etc/default/ufw", 'DEFAULT_INPUT_POLICY="ACCEPT"\n')
    elif broken == "rule":
        rig.write(
            "/etc/ufw/fake/added", rig.read("/etc/ufw/fake/added").replace("ufw allow 80/tcp comment 'mech'\n", "")
        )
    elif broken == "guard":
        rig.write("/etc/ufw/after.rules", GUARD.replace("3001:3010", "1:65535"))
    else:
        # Behind UFW's back, in one of the three chains that are looked at.
        rig.fake("iptables", f'echo "-P INPUT DROP"; [ "$4" != {broken} ] || echo "-A {broken} -p udp -j DROP"')
    rig.forget()
    assert apply(rig) == f"applied {MARK}"
    assert rig.read("/etc/ufw/after.rules").count("BEGIN mech") == 1
    assert GUARD in rig.read("/etc/ufw/after.rules")
    assert sorted(rig.read("/etc/ufw/fake/added").splitlines()) == sorted(rig.read(f"{STATE}/wanted").splitlines())


def test_a_rule_of_ours_that_is_not_declared_any_more_goes_and_others_stay(rig: Rig) -> None:
    theirs = "ufw allow 8080/tcp\nufw allow 9090/tcp comment 'shop'\n"
    rig.write("/etc/ufw/fake/added", f"ufw allow 25/tcp comment 'mech'\n{theirs}")
    apply(rig)
    assert rig.called("delete") == ["ufw --force delete allow 25/tcp"]
    assert theirs in rig.read("/etc/ufw/fake/added")


def others(*tuples: str) -> str:
    return "".join(f"### tuple ### {one}\n" for one in tuples) + OURS


def test_what_closes_something_before_ours_comes_behind_and_ours_are_never_taken_out(rig: Rig) -> None:
    rules = others(
        "deny tcp 22 0.0.0.0/0 any 0.0.0.0/0 in", "allow tcp 8080 0.0.0.0/0 any 0.0.0.0/0 in",
        "reject_log-all any 443 10.0.0.1 5000 0.0.0.0/0 in_eth0 comment=6e6f206d6f7265",
    )  # fmt: skip
    rig.write("/etc/ufw/user.rules", rules)
    apply(rig)
    assert [call for call in rig.called("^ufw .*(deny|reject) ") if "default" not in call] == [
        "ufw --force delete deny in proto tcp from any to any port 22",
        "ufw deny in proto tcp from any to any port 22",
        "ufw --force delete reject in on eth0 log-all from any port 5000 to 10.0.0.1 port 443",
        "ufw reject in on eth0 log-all from any port 5000 to 10.0.0.1 port 443 comment no more",
    ]
    assert rig.called("delete allow|insert|8080") == []


def test_a_ban_stays_before_ours(rig: Rig) -> None:
    apply(rig)
    rules = others(
        "deny any any 0.0.0.0/0 any 203.0.113.7 in", "reject tcp 22 0.0.0.0/0 any 198.51.100.0/24 in",
        "limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in",
    )  # fmt: skip
    rig.write("/etc/ufw/user.rules", rules)
    rig.forget()
    assert apply(rig) == f"unchanged {MARK}"
    # Also where something else is put right.
    rig.path("/etc/ufw/fake/on").unlink()
    assert apply(rig) == f"applied {MARK}"
    assert rig.called("delete|insert|ufw (deny|reject|limit)") == []


@pytest.mark.parametrize("comment", ["", " comment 'too many'"])
def test_limit_for_ssh_is_left_to_who_said_it(rig: Rig, comment: str) -> None:
    apply(rig)
    added = rig.read("/etc/ufw/fake/added")
    limited = f"ufw limit 22/tcp{comment}"
    rig.write("/etc/ufw/fake/added", added.replace("ufw allow 22/tcp comment 'mech'", limited))
    rig.forget()
    assert apply(rig) == f"unchanged {MARK}"
    rig.path("/etc/ufw/fake/on").unlink()
    assert apply(rig) == f"applied {MARK}"
    assert limited in rig.read("/etc/ufw/fake/added") and rig.called("allow 22/tcp") == []
    # Where others' rules are not wanted, it would go, and SSH with it.
    apply(rig, only_declared=True)
    assert rig.called("ufw allow 22/tcp")


def test_limit_for_visitors_is_put_right(rig: Rig) -> None:
    apply(rig)
    added = rig.read("/etc/ufw/fake/added")
    rig.write("/etc/ufw/fake/added", added.replace("ufw allow 80/tcp comment 'mech'", "ufw limit 80/tcp"))
    rig.forget()
    assert apply(rig) == f"applied {MARK}"
    assert rig.called("ufw allow 80/tcp")


def test_rules_of_others_go_only_where_that_is_asked_for(rig: Rig) -> None:
    rig.write("/etc/ufw/user.rules", OURS + "### tuple ### allow tcp 8080 0.0.0.0/0 any 0.0.0.0/0 in\n")
    rig.write("/etc/ufw/fake/numbered", "     To\n[ 1] 22/tcp ALLOW IN # mech\n[ 2] 8080/tcp ALLOW\n[10] 8081 ALLOW\n")
    apply(rig)
    assert rig.called(r"delete \d") == []
    assert apply(rig) == f"unchanged {MARK}"
    assert apply(rig, only_declared=True) == f"applied {MARK}"
    assert rig.called(r"delete \d") == ["ufw --force delete 10", "ufw --force delete 2"]


def test_what_closes_our_ports_before_ufw_goes_unless_it_names_a_source(rig: Rig) -> None:
    rules = ["-p tcp -m tcp --dport 22 -j DROP", "-s 192.0.2.7/32 -p tcp -m tcp --dport 22 -j DROP", "-j ufw-before-input",
             "-p tcp -m tcp --dport 443 -j DROP"]  # fmt: skip
    rig.fake("iptables", "printf '%s\\n' " + " ".join(f"'-A INPUT {rule}'" for rule in rules))
    apply(rig)
    assert rig.called("iptables -w 5 -D") == ["iptables -w 5 -D INPUT -p tcp -m tcp --dport 22 -j DROP"]


def test_each_change_asks_for_a_proof_of_its_own_and_one_that_changed_nothing_forgets_an_old_roll_back(
    rig: Rig,
) -> None:
    said = []
    for _ in range(2):
        rig.path("/etc/ufw/fake/on").unlink(missing_ok=True)
        said.append(rig.run(firewall.apply(ALLOWED, GUARD, 90)).stdout)
    assert said[0] != said[1]
    rig.write(f"{STATE}/rolled-back", "")
    assert apply(rig) == f"unchanged {MARK}"
    assert rig.run(firewall.confirm(MARK)).stdout == f"confirmed {MARK}\n"


def test_a_session_that_got_in_keeps_the_change(rig: Rig) -> None:
    apply(rig)
    assert rig.run(firewall.confirm(MARK)).stdout == f"confirmed {MARK}\n"
    assert rig.called("systemctl stop mech-firewall-rollback.timer")[-1:] == [
        "systemctl stop mech-firewall-rollback.timer"
    ]


def test_without_one_the_host_goes_back_and_says_so(rig: Rig) -> None:
    rig.write("/etc/ufw/fake/on", "")
    apply(rig)
    rig.forget()
    rig.run(f"{STATE}/rollback")
    assert rig.calls == [f"tar -xf {STATE}/before.tar -C /", "ufw reload"]
    done = rig.run(firewall.confirm(MARK), check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "the firewall change was rolled back on the host before a new SSH session got in. The old rules are in force. "
        "Check mech:host.sshFrom and mech:firewall.rollbackAfterS, then run pulumi up again.\n"
    )
    # What was rolled back is done again, not taken for done; and a timer that is armed still does not undo that.
    rig.write(f"{STATE}/rolled-back", "")
    rig.forget()
    assert apply(rig) == f"applied {MARK}"
    assert rig.called("mech-firewall-rollback")[:2] == [
        "systemctl stop mech-firewall-rollback.timer mech-firewall-rollback.service",
        "systemctl reset-failed mech-firewall-rollback.service",
    ]
    assert rig.run(firewall.confirm(MARK)).returncode == 0


def test_a_firewall_that_was_off_is_off_again(rig: Rig) -> None:
    apply(rig)
    rig.run(f"{STATE}/rollback")
    assert rig.called("ufw --force disable")


def test_ssh_can_be_limited_to_sources() -> None:
    assert firewall.rules(["0.0.0.0/0"], None)[0].rule == "allow 22/tcp"
    allowed = firewall.rules(["203.0.113.0/24"], None)
    assert allowed[0].rule == "allow from 203.0.113.0/24 to any port 22 proto tcp"
    assert "allow 22/tcp" not in [allow.rule for allow in allowed]


def test_the_edge_alone_at_the_web_ports() -> None:
    allowed = firewall.rules(["0.0.0.0/0"], None, ["198.51.100.0/24", "203.0.113.7/32"])
    assert [allow.rule for allow in allowed] == [
        "allow 22/tcp",
        "allow from 198.51.100.0/24 to any port 80 proto tcp", "allow from 203.0.113.7 to any port 80 proto tcp",
        "allow from 198.51.100.0/24 to any port 443 proto tcp", "allow from 203.0.113.7 to any port 443 proto tcp",
    ]  # fmt: skip


def test_ranges_that_the_edge_has_now_are_let_in_before_those_that_it_had_go(rig: Rig) -> None:
    def at(text: str) -> int:
        return rig.calls.index(rig.called(text)[0])

    before, after = (
        firewall.rules(["0.0.0.0/0"], None, [one, "203.0.113.0/24"]) for one in ("192.0.2.0/24", "198.51.100.0/24")
    )
    apply(rig)
    rig.forget()
    rig.run(firewall.apply(before, GUARD, 90))
    assert at("systemd-run") < at("allow from 203.0.113.0/24 to any port 443") < at("--force delete allow 80/tcp")
    rig.forget()
    rig.run(firewall.apply(after, GUARD, 90))
    assert at("systemd-run") < at("allow from 198.51.100.0/24 to any port 443") < at("delete allow from 192.0.2.0/24")
    assert len(rig.called("--force delete")) == 2
    rig.forget()
    rig.run(firewall.apply(ALLOWED, GUARD, 90))
    assert at("ufw allow 443/tcp") < at("--force delete allow from")


def test_the_guard_drops_published_ports_that_are_not_declared() -> None:
    closed = firewall.docker_guard(None)
    assert "ctorigdstport" not in closed
    assert "-A DOCKER-USER -j DROP" in closed
    assert GUARD.index("--ctorigdstport 3001:3010 -j RETURN") < GUARD.index("-j DROP")
