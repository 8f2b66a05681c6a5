#!/bin/bash
# doctor: what it sees on a machine that is well, what on one that is not, and that each cure, run as it is printed, cures.
# /etc is a copy here, so that users, units and the configuration's own place can be had.
# tests/run runs it.
# shellcheck disable=SC2154 # pf_run sets rc, out, err
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1
cp -a /etc "$WORK/etc" && mount --bind "$WORK/etc" /etc || exit 1
rm -f /etc/portflow.ini /etc/nftables.conf
rm -rf /etc/portflow.d
sed -i '/^portflow:/d' /etc/passwd /etc/group
chmod 755 "$WORK" # the services' user has to get through

checks() { # CHECK: its lines as "level|seen|cure", of `doctor --json` in $out
	if [ "$(cat "$WORK/seen.of" 2>/dev/null)" != "$out" ]; then
		"$PYTHON" -c '
import json, sys
for c in json.loads(sys.argv[1])["checks"]:
    print(c["check"], c["level"], c["seen"], c.get("cure", ""), sep="|")' "$out" >"$WORK/seen"
		printf '%s\n' "$out" >"$WORK/seen.of"
	fi
	sed -n "s/^$1|//p" "$WORK/seen"
}
cures() { # CHECK: the commands
	checks "$1" | cut -d'|' -f3 | grep .
}
doctor() { pf_run doctor --json; }
sees() { # DESCRIPTION CHECK REGEX
	like "$1" "$(checks "$2")" "$3"
}

# -- a machine that is well ---------------------------------------------------------------------------------------------
ini <<END
[port web]
ports = 443
END
before=$(nft list ruleset; ip -o link; tc qdisc; sysctl -a 2>/dev/null | grep bridge-nf)
doctor
is "all is well: exit 0" "$rc" 0
is "nothing on stderr" "$err" ""
is "nothing was changed" "$(nft list ruleset; ip -o link; tc qdisc; sysctl -a 2>/dev/null | grep bridge-nf)" "$before"
printf '%s\n' "$out" >"$WORK/doctor.json"
if "$PYTHON" -c 'import jsonschema' 2>/dev/null; then
	ok "JSON is what its schema says" "$PYTHON" "$ROOT/tests/golden/validate.py" "$ROOT/docs/schema/doctor.schema.json" "$WORK/doctor.json"
else
	skip "JSON is what its schema says" "python3-jsonschema is not installed"
fi
for c in privileges tables counters port-maps range-maps pair-maps fib configuration; do
	sees "$c" $c '^ok\|'
done
sees "the device of the default routes" device "^ok\|$DEV: veth, MTU 1500, up, default route"
sees "its offloads" offload "^ok\|$DEV: .*gso"
sees "no neighbours on the hooks" neighbours '^ok\|no other'
sees "fragments stay apart" fragments '^ok\|no connection tracking'
sees "no database yet" database '^warn\|.* is not there yet\|portflow apply'
pf_run doctor
like "text: a line a check" "$out" '^ok +fib +'
like "text: a cure" "$out" '^ +cure: portflow apply$'
like "text: the sum" "$out" '^[0-9]+ ok, [0-9]+ warn, 0 fail$'
unlike "text: no colour where no terminal is" "$out" $'\033'
pf_run --color=always doctor
like "text: colour when asked for" "$out" $'\033\\[32mok\033\\[0m'

# -- features that are missing ------------------------------------------------------------------------------------------
# The kernel says no to the namespace, then to a batch: what comes of it is a finding and never a crash.
if strace -o /dev/null true 2>/dev/null; then
	out=$(strace -f -o /dev/null -e inject=unshare:error=ENOSPC "$PORTFLOW" -c "$INI" doctor --json 2>&1)
	sees "no namespace to try in" features '^warn\|.*could not be tried.*No space'
	out=$(strace -f -o /dev/null -e inject=unshare:signal=KILL "$PORTFLOW" -c "$INI" doctor --json 2>&1)
	sees "the child dies" features '^warn\|.*could not be tried'
	out=$(strace -f -o /dev/null -e inject=fork,clone,vfork:error=EAGAIN "$PORTFLOW" -c "$INI" doctor --json 2>&1)
	sees "no child" features '^warn\|.*could not be tried.*unavailable'
else
	skip "features that are missing" "strace does not work here"
fi

# -- privileges ---------------------------------------------------------------------------------------------------------
out=$(setpriv --bounding-set -net_admin "$PORTFLOW" -c "$INI" doctor --json 2>"$WORK/stderr")
is "root without CAP_NET_ADMIN: exit 1" $? 1
sees "root without CAP_NET_ADMIN" privileges '^fail\|root without CAP_NET_ADMIN'
chmod 644 "$INI"
out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$PORTFLOW" -c "$INI" doctor --json 2>"$WORK/stderr")
is "an ordinary user: exit 0" $? 0
sees "an ordinary user is told so" privileges '^warn\|not root'
sees "an ordinary user sees no rules" neighbours '^warn\|.*sudo portflow doctor'
sees "an ordinary user sees devices" device "^ok\|$DEV"
chmod 640 "$INI"
out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$PORTFLOW" -c "$INI" doctor --json 2>"$WORK/stderr")
sees "a configuration one may not read" configuration '^warn\|.*\|sudo portflow doctor'

# -- configuration ------------------------------------------------------------------------------------------------------
cp "$INI" "$WORK/good.ini"
echo 'quota_actoin = block' >>"$INI"
doctor
is "a broken file: exit 1" "$rc" 1
sees "a broken file" configuration '^fail\|.* has 1 error;.*\|portflow check '
sees "the checks go on" device "^ok\|$DEV"
put_ini "$WORK/good.ini"
doctor
is "mended: exit 0" "$rc" 0

ini <<END
[portflow]
interface = $DEV, nosuch0
[port mine]
ports = 40000, 40002-40003
[address gone]
addresses = 192.0.2.77
[interface $DEV]
interface = lo$ID
END
doctor
sees "a device that is not there" configuration '^warn\|interface nosuch0 does not exist'
sees "an address that is not ours" configuration '^warn\|\[address gone\].*192\.0\.2\.77'
sees "ports that the kernel hands out" configuration '^warn\|ports 40000,40002-40003 of mine'
sysctl -q -w net.ipv4.ip_local_reserved_ports=500,41000-41005
doctor
ok "the cure is a command" sh -c "$(checks configuration | sed -n 's/.*\(sysctl -w [^ |]*\).*/\1/p')"
is "it keeps what was reserved" "$(sysctl -n net.ipv4.ip_local_reserved_ports)" 500,40000,40002-40003,41000-41005
doctor
unlike "and it cures" "$(checks configuration)" 'ports 40000'
sysctl -q -w net.ipv4.ip_local_reserved_ports=

# -- devices ------------------------------------------------------------------------------------------------------------
ini <<<'[portflow]'
ip route del default
ip -6 route del default
doctor
sees "no default route" configuration '^warn\|no default route yet and no device known'
ethtool -K "$DEV" gro on >/dev/null 2>&1
default_routes
doctor
sees "GRO on" offload "^ok\|$DEV: gro.*merged packets"
ip link set "$DEV" down
ini <<END
[portflow]
interface = $DEV
END
doctor
sees "a device that is down" device "^warn\|$DEV: .*down"
ok "its cure is a command" sh -c "$(cures device)"
doctor
sees "and it cures" device "^ok\|$DEV: .*up"
default_routes

if ip link add "br$ID" type bridge 2>/dev/null; then
	ip link add "port$ID" type veth peer name "far2$ID"
	ip link set "port$ID" master "br$ID" up
	ip link set "br$ID" up
	ini <<-END
		[portflow]
		interface = br$ID, port$ID
	END
	doctor
	is "a bridge beside its port: exit 1" "$rc" 1
	sees "a bridge beside its port" devices "^fail\|.*port$ID and its bridge br$ID"
	ini <<-END
		[portflow]
		interface = br$ID
	END
	if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
		sysctl -q -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=1
		doctor
		sees "br_netfilter on a watched bridge" bridge "^warn\|br$ID .*br_netfilter"
		ok "its cure is a command" sh -c "$(cures bridge | sed 's/ (.*//')"
		doctor
		sees "and it cures" bridge "^ok\|br$ID"
	else
		skip "br_netfilter on a watched bridge" "no br_netfilter here"
	fi
	ip link del "br$ID"
else
	skip "bridges" "no bridges here"
fi
ini <<<'[portflow]'

# -- neighbours ---------------------------------------------------------------------------------------------------------
nft -f - <<END
table inet other {
	chain first {
		type filter hook prerouting priority raw
	}
	chain behind {
		type filter hook input priority 0
	}
}
table netdev card {
	chain in {
		type filter hook ingress device $DEV priority 0
	}
}
END
doctor
sees "others on the same hooks" neighbours '^ok\|.*inet other first \(prerouting -300\)'
sees "others on the device" neighbours 'netdev card in \(ingress 0\)'
unlike "not those elsewhere" "$(checks neighbours)" behind
sees "still no tracking" fragments 'no connection tracking'
nft add rule inet other behind ct state established accept
doctor
sees "a ct rule puts fragments together" fragments '^ok\|connection tracking puts'
nft 'flush chain inet other behind'
nft 'add chain inet other nat { type nat hook postrouting priority 100; }'
doctor
sees "so does NAT" fragments '^ok\|connection tracking puts'
sees "no flowtable" flowtable '^ok\|none'
if nft "add flowtable inet other fast { hook ingress priority 0; devices = { $DEV }; }" 2>/dev/null; then
	doctor
	sees "a flowtable on a watched device" flowtable "^warn\|inet other fast carries packets of $DEV"
else
	skip "a flowtable on a watched device" "this kernel has no flowtables"
fi
nft delete table inet other
nft delete table netdev card
printf '#!/usr/sbin/nft -f\n\nflush ruleset\n' >/etc/nftables.conf
doctor
sees "a ruleset that flushes all" flush '^ok\|/etc/nftables.conf flushes'
rm /etc/nftables.conf

# -- how limits are kept ------------------------------------------------------------------------------------------------
ini <<END
[port web]
ports = 443
limit = 10mbit
[port mail]
ports = 25
limit_out = 5mbit
[interface nic]
limit_in = 1gbit
END
doctor
sees "what comes in is policed" method '^ok\|what comes in is policed \(.*\): web, nic\|$'
if tc qdisc add dev "$DEV" root handle 1: htb 2>/dev/null; then
	doctor
	sees "somebody's root qdisc: policed, and why" method "^ok\|what goes out is policed \($DEV has a root qdisc that somebody configured \(htb, handle 1:\)\): web, mail\|\$"
	ini_sed 's/^\[portflow\]/&\nlimit_method = shape/'
	doctor
	sees "... where shaping is asked for that is a failure, with both ways out" method "^fail\|.*$DEV.*htb, handle 1:.*takeover = yes.*limit_method = police"
	tc qdisc del dev "$DEV" root
	doctor
	sees "the kernel's own: shaped" method '^ok\|what goes out is shaped \(.*HTB\): web, mail\|$'
	sees "... what comes in too, but for a whole interface" method '^ok\|what comes in is shaped \(it waits on ifb-portflow\): web\|$'
	is "... and looking makes none" "$(tc qdisc show dev "$DEV" | grep -c htb)" 0
	cp "$INI" "$WORK/open.ini"
	chmod 644 "$WORK/open.ini"
	out=$(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$PORTFLOW" -c "$WORK/open.ini" doctor --json 2>/dev/null)
	sees "... without any privilege too" method '^ok\|what goes out is shaped \(.*HTB\): web, mail\|$'
else
	skip "somebody's root qdisc" "this kernel has no HTB"
fi

# -- what the services' user can reach ----------------------------------------------------------------------------------
doctor
sees "no such user" access '^warn\|there is no user portflow'
echo 'portflow:x:64999:64999::/var/lib/portflow:/usr/sbin/nologin' >>/etc/passwd
echo 'portflow:x:64999:' >>/etc/group
printf '[portflow]\ndatabase = %s\n' "$DB" >/etc/portflow.ini
mkdir -m 700 /etc/portflow.d
echo '[port web]
ports = 443' >/etc/portflow.d/web.ini
chmod 600 /etc/portflow.ini /etc/portflow.d/web.ini
chmod 700 "$WORK/db"
sqlite3 "$DB" 'create table t(x)' && chmod 600 "$DB"
INI=/etc/portflow.ini
pf() { timeout -k 5 60 "$PORTFLOW" "$@"; }
doctor
is "it can read nothing: exit 1" "$rc" 1
for f in /etc/portflow.ini /etc/portflow.d "$WORK/db"; do
	sees "it cannot read $f" access "^fail\|user portflow cannot read $f: Permission denied\|chown [a-z:]+ $f; chmod 0[67][45]0 $f"
done
for _ in 1 2 3; do # folders first hide what is in them
	cures access | while IFS= read -r command; do sh -c "$command" || echo "failed: $command" | diag; done
	doctor
done
sees "the cures, run as they are, cure" access '^ok\|user portflow can read'
is "modes as the units want them" "$(stat -c '%U:%G %a' /etc/portflow.ini /etc/portflow.d /etc/portflow.d/web.ini "$DB" | tr '\n' ' ')" \
	"root:portflow 640 root:portflow 750 root:portflow 640 portflow:portflow 640 "
chmod 644 "$DB"
doctor
sees "a database that everybody can read" access "^warn\|everybody on this machine can read $DB\|chmod o-rwx $DB"
chmod 666 /etc/portflow.ini
doctor
is "a file that everybody can write: exit 1" "$rc" 1
sees "a file that everybody can write" access '^warn\|everybody on this machine can change /etc/portflow.ini'
chmod 640 /etc/portflow.ini
doctor
sees "a database that is not ours" database '^fail\|.*not portflow'
rm "$DB"
head -c 40000 /dev/urandom >"$DB"
doctor
sees "a database of noise" database '^fail\|'
is "a database of noise: exit 1" "$rc" 1
rm "$DB"

# -- units --------------------------------------------------------------------------------------------------------------
doctor
sees "no systemd" timer '^warn\|systemd does not run here'
mkdir -p /run/systemd/system
rm -f /etc/systemd/system/portflow-* /etc/systemd/system/*.wants/portflow-*
doctor
if [ ! -e /usr/lib/systemd/system/portflow-sample.timer ] && [ ! -e /usr/local/lib/systemd/system/portflow-sample.timer ]; then
	sees "units that are not installed" timer '^warn\|.*not installed'
fi
mkdir -p /etc/systemd/system/timers.target.wants /etc/systemd/system/sysinit.target.wants
touch /etc/systemd/system/portflow-sample.timer /etc/systemd/system/portflow-apply.service
doctor
sees "a timer that is not enabled" timer '^warn\|.*not enabled.*\|systemctl enable --now portflow-sample.timer'
sees "a boot unit that is not enabled" boot '^warn\|.*\|systemctl enable portflow-apply.service'
ln -s /etc/systemd/system/portflow-sample.timer /etc/systemd/system/timers.target.wants/
ln -s /nowhere/portflow-apply.service /etc/systemd/system/sysinit.target.wants/
doctor
sees "a timer that is enabled" timer '^ok\|enabled: hourly$|^ok\|enabled: hourly\|'
sees "a boot unit that is enabled" boot '^ok\|'
sees "no udev" hotplug '^ok\|udev does not run here'
mkdir -p /run/udev/rules.d
touch /run/udev/control
doctor
if [ ! -e /usr/lib/udev/rules.d/90-portflow.rules ] && [ ! -e /usr/local/lib/udev/rules.d/90-portflow.rules ]; then
	sees "a rule for devices that is not installed" hotplug '^warn\|.*not installed.*\|make install'
fi
touch /run/udev/rules.d/90-portflow.rules
doctor
sees "a rule, and not what it starts" hotplug '^warn\|.*not installed'
touch /etc/systemd/system/portflow-device.service /etc/systemd/system/portflow-mend.service
doctor
sees "all that a device starts" hotplug '^ok\|.*within seconds'

# -- the last run -------------------------------------------------------------------------------------------------------
sees "nothing sampled" sample '^warn\|nothing was sampled yet\|portflow apply'
pf_ok apply
doctor
is "after apply: exit 0" "$rc" 0
sees "after apply" sample '^ok\|the last sample was'
sees "the table is there" table '^ok\|'
sees "the database is good" database '^ok\|'
sees "and the services can use it" access '^ok\|'
nft delete table inet portflow
doctor
sees "a table that went" table '^warn\|.*gone.*\|portflow apply'
pf_ok sample
doctor
sees "and came back" table '^ok\|'
pf_ok down
doctor
sees "after down" sample '^warn\|.*down.*\|portflow apply'
is "after down no table is missed" "$(checks table)" ""
pf_ok apply
sqlite3 "$DB" 'pragma wal_checkpoint(truncate)' >/dev/null
size=$(stat -c %s "$DB")
dd if=/dev/urandom of="$DB" bs=4096 seek=2 count=$((size / 4096 - 2)) conv=notrunc status=none
doctor
is "a damaged database: exit 1" "$rc" 1
sees "a damaged database" database '^fail\|.*\|portflow db restore'
done_testing
