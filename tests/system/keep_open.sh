#!/bin/bash
# keep_open = auto: an SSH server on any port is found, stays reachable when everything is blocked, and is kept for runs that cannot see
# it. The servers are Python under a server's name; the peer tries to connect.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1

serve() { # NAME PORT ADDRESS [UID]: a process called NAME accepts there; waits until it does
	"$PYTHON" - "$@" <<'END' &
import os, socket, sys
name, port, address = sys.argv[1:4]
open("/proc/self/comm", "w").write(name)
if len(sys.argv) > 4: os.setuid(int(sys.argv[4]))
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((address, int(port)))
s.listen(8)
while True:
    c = s.accept()[0]
    c.sendall(b"hello")
    c.close()
END
	served=$!
	wait_for "grep -qi ':$(printf %04X "$2") .* 0A ' /proc/net/tcp /proc/net/tcp6"
}
hello() { # PORT [FAMILY]: does the peer get an answer?
	in_peer timeout $((3 * SLOW)) "$PYTHON" -c 'import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
print(s.recv(9).decode())' "$(here "${2:-4}")" "$1" 2>/dev/null
}
kept() { sqlite3 "$DB" "SELECT value FROM meta WHERE key = 'keep_open'"; }
open_ports() { nft -j list set inet portflow open_tcp | "$PYTHON" -c 'import json, sys
print(*sorted(json.load(sys.stdin)["nftables"][1]["set"]["elem"]))'; }

[ ! -e /etc/systemd/system/ssh.socket ] && [ ! -e /etc/systemd/system/ssh.socket.d ] || skip_all "this machine has a socket unit of its own for SSH"
unit=/run/systemd/system
mkdir -p $unit $unit/ssh.socket.d
ln -s /dev/null $unit/ssh.socket
ln -s /dev/null $unit/sshd.socket
ln -s /dev/null $unit/dropbear.socket

serve sshd 2222 0.0.0.0
ssh=$served
serve web 2223 0.0.0.0
serve dropbear 2224 ::
dropbear=$served
serve sshd 6010 127.0.0.1
serve sshd 2225 0.0.0.0 65534
config() {
	ini <<END
[portflow]
$1
[interface machine]
quota = 1KB
quota_action = block
END
}
config ""
pf_ok apply
is "what root's servers listen on was found; not loopback, not another user's, not another name" "$(kept)" "2222 sshd, 2224 dropbear"
like "status and doctor say which, and why" "$(pf status machine)" "keep_open +no limit or block touches 2222 \\(sshd\\), 2224 \\(dropbear\\), 22 \\(auto\\)$"
like "... doctor too" "$(pf doctor)" "open-ports +keep_open: no limit or block touches 2222 \\(sshd\\), 2224 \\(dropbear\\), 22 \\(auto\\)$"
is "22 is open as well" "$(open_ports)" "22 2222 2224"
udp_in 4 9 10 472 # 500 bytes each: two of them use it up
pf_ok sample
is "the whole machine is blocked" "$(hello 2223)" ""
is "SSH over IPv4 lives" "$(hello 2222)" hello
is "a server that listens on IPv6 too, over both" "$(hello 2224) $(hello 2224 6)" "hello hello"
is "what another user calls sshd is blocked" "$(hello 2225)" ""
pf_run apply --json
like "a second apply sends nothing" "$out" '"changes":0'

# -- kept for who cannot see ------------------------------------------------------------------------------------------------
kill $ssh && wait_for "! kill -0 $ssh 2>/dev/null"
pf_ok sample
is "sample goes by what was found when apply ran" "$(open_ports)" "22 2222 2224"
chown -R 65534:65534 "$WORK/db"
chmod o+r "$INI" && chmod o+x "$WORK" && mkdir -p /run/portflow && chown -R 65534 /run/portflow
nft delete table inet portflow
as_service() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin --bounding-set +net_admin \
	timeout $((60 * SLOW)) "$PORTFLOW" -c "$INI" "$@"; }
as_service sample >"$WORK/service.log" 2>&1
is "the service user mends the table" "$?" 0
is "and knows the ports" "$(open_ports)" "22 2222 2224"
as_service apply >"$WORK/service.log" 2>&1
is "its apply forgets none" "$(kept) $(open_ports)" "2222 sshd, 2224 dropbear 22 2222 2224"
pf_run plan
like "plan says that root's apply changes the ports" "$out" 'table inet portflow +1 difference is put right'
is "by its exit code" "$rc" 2
pf_ok apply
like "... which says whose port is no longer open" "$err" 'no SSH server listens on port 2222 any more.*keep_open = 22, 2222'
is "root's apply looks again" "$(kept) $(open_ports)" "2224 dropbear 22 2224"
is "what is no server any more is blocked" "$(hello 2222)" ""
kill $dropbear && wait_for "! kill -0 $dropbear 2>/dev/null"
pf_ok apply
is "no server at all" "$(kept) $(open_ports)" " 22"

# -- socket units -------------------------------------------------------------------------------------------------------------
rm $unit/ssh.socket
printf '[Socket]\nListenStream=22\nListenStream=2230\n' >$unit/ssh.socket
mkdir -p /run/systemd/generator/ssh.socket.d $unit/ssh.socket.d
printf '[Socket]\nListenStream=\nListenStream=0.0.0.0:2231\n' >/run/systemd/generator/ssh.socket.d/10.conf
printf '[Socket]\nListenStream=[::]:2232\n' >$unit/ssh.socket.d/20.conf
printf '[Socket]\nListenStream=2233\n' >/run/systemd/generator/ssh.socket.d/20.conf
printf '[Socket]\nListenStream=2234\n' >$unit/ssh.socket.d/30.no
pf_ok apply
is "ssh.socket with its drop-ins in their order" "$(open_ports)" "22 2231 2232"
is "... and that it is why" "$(kept)" "2231 ssh.socket, 2232 ssh.socket"
rm $unit/ssh.socket && ln -s /dev/null $unit/ssh.socket
pf_ok apply
is "a masked unit listens nowhere" "$(open_ports)" "22"

# -- what the file says -------------------------------------------------------------------------------------------------------
serve sshd 2240 0.0.0.0
config "keep_open = 2223"
pf_ok apply
is "a list is what it says" "$(open_ports)" 2223
is "and is let through" "$(hello 2223) $(hello 2240)" "hello "
config "keep_open = none"
pf_ok apply
is "none is none" "$(hello 2223)$(nft list set inet portflow open_tcp 2>/dev/null)" ""
ini <<END
[port ssh]
ports = 22, 2240
limit = 1mbit
[port web]
ports = 80
limit = 1mbit
END
pf_run apply
is "a section that covers keep_open is taken up" "$rc" 0
like "with a warning that names the ports" "$err" "portflow.ini:3: \[port ssh\] covers ports 22, 2240 of keep_open"
unlike "and no other section" "$err" "port web"
ini_sed 's/limit = 1mbit//'
pf_run apply
unlike "where nothing is limited nothing is said" "$err" keep_open
done_testing
