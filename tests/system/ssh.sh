#!/bin/bash
# keep_open = auto with real SSH servers: the port by which an administrator is logged in stays open while the whole machine is blocked,
# though its server is stopped, restarted or moved at the moment of apply; doctor tells of a port that is not in it.
# The servers and clients are those of the tree of boot.sh, so that no machine gets an SSH server by testing.
# shellcheck disable=SC2154 # pf_run sets rc, out, err
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/machine.sh
. "$SYSTEM/lib/machine.sh"
need_program
tree_disk
tree_open || skip_all "the tree cannot be opened here"
[ -x "$DISK/usr/sbin/sshd" ] && [ -x "$DISK/usr/sbin/dropbear" ] || skip_all "the tree has no SSH servers: make tree"
net_up || exit 1
mkdir -p /run/systemd/system # the units of this machine say nothing here
for unit in ssh sshd dropbear; do ln -s /dev/null /run/systemd/system/$unit.socket; done
mkdir -p /etc/systemd/system && mount -t tmpfs portflow-test /etc/systemd/system || exit 1

# -- servers and sessions -----------------------------------------------------------------------------------------------
in_tree useradd -m -d /srv/member -s /bin/sh member
mkdir -p "$DISK/run/sshd" "$DISK/root/.ssh" "$DISK/srv/member/.ssh"
in_tree ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id
for home in root srv/member; do cp "$DISK/root/.ssh/id.pub" "$DISK/$home/.ssh/authorized_keys"; done
in_tree chown -R member: /srv/member
in_tree dropbearkey -t ed25519 -f /etc/dropbear.key >/dev/null 2>&1

listens() { ss -Hltn "sport = :$1" | grep -q .; } # PORT
sshd() { # PORT: pid in $server
	chroot "$DISK" /usr/sbin/sshd -D -E /var/log/sshd.log -p "$1" &
	server=$!
	wait_for "listens $1" || cat "$DISK/var/log/sshd.log"
}
dropbear() { # PORT: pid in $server
	chroot "$DISK" /usr/sbin/dropbear -F -E -s -p "$1" -r /etc/dropbear.key >"$WORK/dropbear.log" 2>&1 &
	server=$!
	wait_for "listens $1" || cat "$WORK/dropbear.log"
}
stop() { # PORT: the server ends, its sessions do not
	kill $server && wait_for "! listens $1"
}
client() { # FAMILY USER PORT [SSH'S OPTIONS]: sets client to the words that log in from the peer, to be followed by a command
	client=(nsenter --net="$PEERNS" chroot "$DISK" ssh -i /root/.ssh/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
		-o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=$((5 * SLOW)) -p "$3" "${@:4}" "$2@$(here "$1")")
}
ssh() { # FAMILY USER PORT COMMAND
	client "$1" "$2" "$3"
	"${client[@]}" "$4" </dev/null
}
declare -A to pid
session() { # NAME FAMILY USER PORT [SSH'S OPTIONS]: logs in and stays; what goes in comes back
	local fd
	mkfifo "$WORK/$1.to"
	client "${@:2}"
	"${client[@]}" cat <"$WORK/$1.to" >"$WORK/$1.from" 2>"$WORK/$1.err" &
	pid[$1]=$!
	exec {fd}>"$WORK/$1.to"
	to[$1]=$fd
	lives "$1" || cat "$WORK/$1.err"
}
lines=0
lives() { # NAME
	lines=$((lines + 1))
	echo $lines >&"${to[$1]}"
	wait_for "grep -qx $lines '$WORK/$1.from'"
}
leave() { # NAME
	kill "${pid[$1]}"
	wait "${pid[$1]}"
}
nobody_on() { [ -z "$(ss -Htn "sport = :$1")" ]; } # PORT
hello() { # PORT: does the peer get an answer?
	in_peer timeout $((2 * SLOW)) "$PYTHON" -c 'import socket, sys
print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).recv(9).decode())' $HERE4 "$1" 2>/dev/null
}
kept() { sqlite3 "$DB" "SELECT value FROM meta WHERE key = 'keep_open'"; }
open_ports() { nft -j list set inet portflow open_tcp | "$PYTHON" -c 'import json, sys
print(*sorted(json.load(sys.stdin)["nftables"][1]["set"]["elem"]))'; }
forget() { # all that was found
	pf down >/dev/null 2>&1
	fresh
}
config() { # [portflow]'s lines
	ini <<-END
		[portflow]
		$1
		[interface machine]
		quota = 1KB
		quota_action = block
	END
}
"$PYTHON" -c '
import os, socket
# "hello" on 2223; on 2226 a connection that is of root and of loopback for none, kept by a process called sshd which is not root
if os.fork() == 0:
    s = socket.create_server(("0.0.0.0", 2226)); c = s.accept()[0]; s.close()
    open("/proc/self/comm", "w").write("sshd"); os.setuid(65534)
    c.recv(1)
    os._exit(0)
s = socket.create_server(("0.0.0.0", 2223))
while True:
    c = s.accept()[0]; c.sendall(b"hello"); c.close()
' &
in_peer "$PYTHON" -c 'import socket; s = socket.create_server(("0.0.0.0", 8000)); kept = []
while True: kept.append(s.accept())' &
wait_for "listens 2223 && listens 2226 && in_peer ss -Hltn 'sport = :8000' | grep -q ."
in_peer bash -c "exec 9<>/dev/tcp/$HERE4/2226 && exec sleep 1000" &

is "what is not blocked answers" "$(hello 2223)" hello

# -- the server is gone, its sessions are not -----------------------------------------------------------------------------
config ""
sshd 2222
session root4 4 root 2222 -L 9000:$THERE4:8000
session root6 6 root 2222
session member4 4 member 2222
session member6 6 member 2222
in_peer bash -c 'exec 9<>/dev/tcp/127.0.0.1/9000 && exec sleep 1000' &
ok "a connection that root's session forwards is there" wait_for "ss -Htn 'dport = :8000' | grep -q ESTAB"
stop 2222
pf_run apply
is "apply while the SSH server is stopped" "$rc" 0
is "knows the port by its sessions; not what they forward, nor what another user holds" "$(kept)" "2222 session"
is "and keeps it open" "$(open_ports)" "22 2222"
like "it says so" "$err" 'no SSH server listens on port 2222, but somebody is logged in by it.*keep_open = 22, 2222'
like "status says why" "$(pf status machine)" 'touches 2222 \(an SSH session\), 22 \(auto\)$'
udp_in 4 9 10 472
pf_ok sample
is "the whole machine is blocked" "$(hello 2223)" ""
ok "root's session over IPv4 lives" lives root4
ok "... over IPv6" lives root6
ok "that of another account over IPv4" lives member4
ok "... over IPv6" lives member6
sshd 2222
is "the server is back: who comes is let in, no run in between" "$(ssh 4 root 2222 'echo in') $(ssh 6 member 2222 'echo in')" "in in"
pf_run apply --json
is "the next apply knows the server, and changes nothing" "$(kept) $rc" "2222 sshd 0"
like "... in the kernel" "$out" '"changes":0'
unlike "... and says nothing of sessions" "$err" 'SSH server'

# -- the server has moved ---------------------------------------------------------------------------------------------------
stop 2222
sshd 2200
is "a server that moved after apply is blocked" "$(ssh 4 root 2200 'echo in' 2>/dev/null)" ""
pf_run doctor --json
like "doctor warns, with the cure" "$out" '"check":"ssh","level":"warn","seen":"SSH is on port 2200 \(sshd\), which keep_open does not have[^"]*","cure":"portflow apply"'
pf_ok apply
is "both ports are open" "$(kept) $(open_ports)" "2200 sshd, 2222 session 22 2200 2222"
is "who comes by the new one is let in" "$(ssh 4 root 2200 'echo in') $(ssh 6 root 2200 'echo in')" "in in"
ok "who was there stays" lives member6
pf_run doctor --json
like "doctor is content" "$out" '"check":"ssh","level":"ok"'
for s in root4 root6 member4 member6; do leave $s; done
wait_for "nobody_on 2222"
pf_run apply
is "the sessions are over: the old port is no longer open" "$(kept) $(open_ports)" "2200 sshd 22 2200"
like "... and that is told" "$err" 'no SSH server listens on port 2222 any more'

# -- an explicit list -------------------------------------------------------------------------------------------------------
config "keep_open = 2222, udp/53"
pf_ok apply
pf_run doctor --json
like "doctor warns of a server that the list has not" "$out" '"level":"warn","seen":"SSH is on port 2200 \(sshd\)[^"]*","cure":"keep_open = 2222, udp/53, 2200 in \[portflow\], then: portflow apply"'
pf_run doctor
like "... in its text" "$out" '^warn +ssh +SSH is on port 2200 \(sshd\), which keep_open does not have'
config "keep_open = 2222, udp/53, 2200"
pf_run doctor --json
like "the list is mended, and not yet applied" "$out" '"check":"ssh","level":"warn".*"cure":"portflow apply"'
pf_ok apply
pf_run doctor --json
like "the cure cures" "$out" '"check":"ssh","level":"ok"'
stop 2200
config ""

# -- the one who applies ----------------------------------------------------------------------------------------------------
forget
sshd 2201
for family in 4 6; do
	connection=$(ssh $family member 2201 'echo $SSH_CONNECTION')
	like "SSH_CONNECTION as sshd writes it, IPv$family" "$connection" " 2201$"
done
stop 2201
wait_for 'nobody_on 2201'
SSH_CONNECTION=$connection pf_run plan
unlike "plan keeps nothing" "$(ls "$WORK/db")" db
SSH_CONNECTION=$connection pf_run apply
is "the port by which the one who applies is logged in" "$(kept) $(open_ports)" "2201 session 22 2201"
pf_ok sample
is "stays open for the timer" "$(open_ports)" "22 2201"
for wrong in "10.66.0.9 5000 10.66.0.1 2201 2202" "10.66.0.9 5000 10.66.0.1" "10.66.0.9 5000 10.66.0.1 99999" "127.0.0.1 5000 127.0.0.1 2201" ""; do
	SSH_CONNECTION=$wrong pf_ok apply
	is "no such connection: '$wrong'" "$(kept) $(open_ports)" " 22"
done
connection="10.66.0.9 5000 10.66.0.1 2202"
ini_sed 's/^quota = 1KB/quota = 2KB/'
pf apply --confirm=60s >"$WORK/trial.log" 2>&1 &
trial=$!
wait_for "grep -q 'on trial until' $WORK/trial.log"
SSH_CONNECTION=$connection pf_run confirm
is "confirm" "$rc" 0
wait $trial
is "the trial is confirmed" "$?" 0
is "the port of the one who confirms" "$(kept)" "2202 session"
pf_run sample
is "is open from the next run on, which has nothing to say" "$(open_ports) $err" "22 2202 "

# -- dropbear ---------------------------------------------------------------------------------------------------------------
forget
config ""
dropbear 2230
session drop4 4 root 2230
session drop6 6 member 2230
stop 2230
pf_ok apply
is "dropbear is stopped, its sessions are known" "$(kept) $(open_ports)" "2230 session 22 2230"
udp_in 4 9 10 472
pf_ok sample
is "the whole machine is blocked again" "$(hello 2223)" ""
ok "dropbear's session over IPv4 lives" lives drop4
ok "... over IPv6" lives drop6

# -- the processes of OpenSSH 9.8 and later, which this tree has not --------------------------------------------------------
leave drop4
leave drop6
wait_for 'nobody_on 2230'
forget
"$PYTHON" -c '
import os, socket, sys
for name, port in ("sshd-session", 2240), ("sshd-auth", 2241):
    if os.fork() == 0:
        open("/proc/self/comm", "w").write(name)
        s = socket.create_server(("0.0.0.0", port))
        c = s.accept()[0]
        s.close()
        forwarded = socket.create_server(("0.0.0.0", port + 10))
        c.recv(1)
        os._exit(0)
' &
wait_for "listens 2240 && listens 2241"
in_peer bash -c "exec 8<>/dev/tcp/$HERE4/2240 9<>/dev/tcp/$HERE4/2241 && exec sleep 1000" &
wait_for "listens 2250 && listens 2251"
pf_ok apply
is "they are known by their names; not what they forward" "$(kept)" "2240 session, 2241 session"
done_testing
