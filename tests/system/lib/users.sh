#!/bin/bash
# Users of the machine under test, and what each of them reaches: the service user, who resolves names for it, anybody else.
# Sourced by the topics about messages, behind lib.sh, when net_up has made the network.
# shellcheck disable=SC2034 # the topics use what is set here
SENDER=7066 RESOLVER=953 OTHER=7077
PATIENCE=$((1 + SLOW / 5)) # seconds that one of them waits for an answer
NET=$WORK/net
mkdir -p "$NET"
chmod 755 "$WORK" "$NET"
nft delete table inet sink && in_peer nft delete table inet sink # answers of name servers are UDP
service_user
echo "nameserver $THERE4" >"$NET/resolv.conf"
[ -e /etc/resolv.conf ] || : >/etc/resolv.conf
mount --bind "$NET/resolv.conf" /etc/resolv.conf || exit 1
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
# What it asks for names from now on.
resolv() { printf 'nameserver %s\noptions timeout:1 attempts:2\n' "$1" >/etc/resolv.conf; }

start() { # NAME COMMAND...: until it says that it is ready; sets started
	rm -f "$NET/$1.ready"
	"${@:2}" >"$NET/$1.ready" 2>"$NET/$1.err" &
	started=$!
	wait_for "grep -qs ready $NET/$1.ready" || diag <"$NET/$1.err"
}
stop() { kill "$1" && wait "$1" 2>/dev/null; }
as() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
reach() { # UID ADDRESS PORT: does a connection of that user come about?
	as "$1" "$PYTHON" -c 'import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))
print("yes")' "$2" "$3" $PATIENCE 2>/dev/null || echo no
}
ask() { # UID SERVER [LOCAL_PORT]: does that user get an answer about good.test?
	as "$1" "$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[2])))
s.settimeout(float(sys.argv[3]))
s.connect((sys.argv[1], 53))
s.send(bytes.fromhex("123401000001000000000000") + b"\x04good\x04test\0" + bytes.fromhex("00010001"))
print("yes" if s.recv(512)[:2] == b"\x12\x34" else "odd")' "$2" "${3:-0}" $PATIENCE 2>/dev/null || echo no
}
post() { # UID ADDRESS PORT: does a server there get 30 kB, and its answer come back, within seconds?
	as "$1" "$PYTHON" -c 'import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2 * float(sys.argv[3]))
s.sendall(b"x" * 30000)
s.shutdown(socket.SHUT_WR)
print("yes" if s.recv(9) == b"taken" else "odd")' "$2" "$3" $PATIENCE 2>/dev/null || echo no
}
set_listing() { nft -j list set inet portflow "$1"; }
elements() { set_listing "$1" | "$PYTHON" -c 'import json, sys
print(len(json.load(sys.stdin)["nftables"][1]["set"].get("elem", [])))'; }
generation() { "$PYTHON" - <<-'END'
	import socket, struct
	s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
	s.send(struct.pack("=IHHIIBBH", 20, 10 << 8 | 16, 1, 1, 0, 0, 0, 0))
	b = s.recv(4096)
	at = 20
	while at < len(b):
	    n, t = struct.unpack_from("=HH", b, at)
	    if t == 1: print(struct.unpack_from(">I", b, at + 4)[0]); break
	    at += (n + 3) & ~3
	END
}
flood() { # the bucket of a limit of 8 kbit is used up for minutes: UDP out and in
	udp_out 4 9 200 1000 -e
	udp_in 4 9 200 1000
}
# Each topic has its own config, and its own limited, which sees who is held up.
policed() {
	printf '[interface machine]\nlimit = 8kbit\n' | config police
	pf_ok apply
	limited "policed at 8 kbit"
}
throttled() {
	printf '[interface machine]\nquota = 100KB\nquota_action = throttle 8kbit\n' | config
	pf_ok apply
	flood
	pf_ok sample
	limited "throttled to 8 kbit"
}
