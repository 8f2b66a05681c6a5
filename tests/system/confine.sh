#!/bin/bash
# What a program in portflow-net's place can do: an intruder who got in by what a server sent finds no database, no configuration, no
# secret, no other process, and no way to write; and what TLS and the resolver need is there.
# make check-system runs it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/ask.sh
. "$SYSTEM/lib/ask.sh"
servers
PROBE=$TOOLS/probe
[ -x "$PROBE" ] || { echo "Bail out! $PROBE is missing: run make"; exit 1; }

# -- what there is to take ----------------------------------------------------------------------------------------------
STORE=/var/lib/portflow
CONF=$NET/conf
mount -t tmpfs -o mode=1777 portflow-test /dev/shm
mkdir -p $STORE "$CONF"
sqlite3 $STORE/portflow.db 'create table t(x)'
echo 'token = 12345' >"$CONF"/portflow.ini
echo 12345 >"$CONF"/token
cp "$CA" "$CONF/ca.pem"
chown -R 7066:7066 $STORE
chown 0:7066 "$CONF"/*
chmod 640 "$CONF/portflow.ini" "$CONF/token" $STORE/portflow.db
OPEN=$NET/open # to everybody
mkdir "$OPEN"
chmod 1777 "$OPEN"
echo old >"$OPEN/old"
chmod 666 "$OPEN/old"
"$PYTHON" -c '
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("\0portflow-test"); s.listen()
time.sleep(3600)' &
setpriv --reuid 7066 --regid 7066 --clear-groups sleep 3600 &
other=$!
wait_for "grep -q '@portflow-test' /proc/net/unix"

# -- trying it ----------------------------------------------------------------------------------------------------------
SERVICE=(setpriv --reuid 7066 --regid 7066 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin --bounding-set "-all,+net_admin") # as units do
LACKS=(strace -f -qq -o /dev/null)
NO_LANDLOCK=("${LACKS[@]}" -e inject="landlock_create_ruleset:error=ENOSYS" -e trace="landlock_create_ruleset")
NO_WALLS=("${LACKS[@]}" -e inject="landlock_create_ruleset,unshare:error=ENOSYS" -e trace="landlock_create_ruleset,unshare")
probe() { # ACTIONS [HOW...]: sets got, a line an action
	HOW=("${@:2}") PORTFLOW_NET=$PROBE
	ask "$(printf '%s\n' kind=0 url=https://good.test/ "ca_file=$CONF/ca.pem" "body=@$NET/$1")"
	PORTFLOW_NET=$BUILD/portflow-net
	HOW=()
	answer=$(grep '^0 ' <<<"$answers")
	got=$(field body | sed 's/\\x0a/\n/g' | sed '/^$/d')
	[ -n "$got" ] || note "$answers"
}
cat >"$NET/actions" <<END
rights
read $STORE/portflow.db
read $CONF/portflow.ini
read $CONF/token
read /etc/shadow
read /etc/passwd
read /proc/self/environ
read $OPEN/old
write $STORE/portflow.db
write $OPEN/new
write $OPEN/old
write /run/new
write /dev/shm/new
remove $OPEN/old
run /bin/true
table intruder
attach parent
memory parent
attach $other
memory $other
root $OPEN
namespace user
namespace mount
socket 16 12
socket 17
ring
END
# A sanitizer reads there, and is let.
! ldd "$PROBE" | grep -q libasan || sed -i '/proc.self/d' "$NET/actions"
# What only Landlock of a newer kernel forbids.
cat >"$NET/newer" <<END
hit $other
abstract portflow-test
bind 8099
END
cat >"$NET/needed" <<END
read $CONF/ca.pem
read /etc/hosts
read /etc/resolv.conf
read /etc/nsswitch.conf
read /etc/ssl/certs/ca-certificates.crt
read /usr/lib/os-release
read /dev/null
read /dev/urandom
resolve good.test
socket 16 0
END

stopped() { # DESCRIPTION ACTIONS [HOW...]: of what was tried nothing was done
	probe "${@:2}"
	is "$1: no capability, and no way to one" "$(grep '^rights' <<<"$got")" "rights: 00 00, no_new_privs 1, uid 7066"
	is "$1: nothing of it is done" "$(grep ': done$' <<<"$got")" ""
	is "$1: all of it was tried" "$(wc -l <<<"$got"; grep -c ENOTSUP <<<"$got")" "$(wc -l <"$NET/$2"; echo 0)"
	is "$1: nothing was changed" "$(cat "$OPEN/old"; ls "$OPEN"; nft list tables)" "old
old"
}
works() { # DESCRIPTION [HOW...]: portflow-net itself does its work
	local what=$1
	shift
	probe needed "$@"
	is "$what: what it needs is there" "$(grep -v ': done$' <<<"$got")" ""
	HOW=("$@")
	web https://good.test/ok "ca_file=$CONF/ca.pem"
	came "$what: HTTPS with a ca_file" "answered 200"
	ask_one kind=0 url=https://good.test:444/ok
	came "$what: HTTPS with an authority of the system" "answered 200"
	mail smtp://good.test:587
	came "$what: mail by STARTTLS" "answered 250"
	ask_one kind=2 arg=/bin/cat "arg=$CONF/token"
	like "$what: an exec target is not confined" "$answer" '^0 answered 0 .*body="12345'
	HOW=()
}
cat "$NET/wrong-ca.pem" >>"$NET/bundle.pem"
mount --bind "$NET/bundle.pem" "$(curl-config --ca)"

# -- with Landlock, with walls, with neither ----------------------------------------------------------------------------
cat "$NET/actions" "$NET/newer" >"$NET/all"
stopped "started by root" all
works "started by root"
stopped "started by a service" all "${SERVICE[@]}"
works "started by a service" "${SERVICE[@]}"
stopped "no Landlock, started by root" actions "${NO_LANDLOCK[@]}"
works "no Landlock, started by root" "${NO_LANDLOCK[@]}"
stopped "no Landlock, started by a service" actions "${SERVICE[@]}" "${NO_LANDLOCK[@]}"
works "no Landlock, started by a service" "${SERVICE[@]}" "${NO_LANDLOCK[@]}"
works "neither, started by root" "${NO_WALLS[@]}"
works "neither, started by a service" "${SERVICE[@]}" "${NO_WALLS[@]}"

# Nor does an intruder fill the parent's memory with answers.
PORTFLOW_NET=$PROBE ask "$(printf '%s\n' kind=0 url=https://good.test/ body=flood)" "$(printf '%s\n' kind=0 url=https://good.test/ body=x)"
answer=$(sed -n 's/^0 /0 /p' <<<"$answers")
came "an answer counts once" "answered 200"
answer=$(sed -n 's/^1 /0 /p' <<<"$answers")
came "... and who gives it again is ended at once" "unsure 0" 'portflow-net answered in a way that is none'
is_le "... long before its time is over" "$took" 10000

# The test can fail: where there is neither an intruder is the service user, but for what the filter refuses.
probe actions "${NO_WALLS[@]}"
like "where there is neither the database is open" "$got" '^read /var/lib/portflow/portflow.db: done$'
like "and files can be written" "$got" "^write $OPEN/new: done\$"
unlike "but no process can be looked into, no table made" "$got" '^(attach|table|socket|namespace|ring) .*: done$'
rm -f "$OPEN/new"

# -- doctor -------------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
notify = hook
[notify hook]
type = webhook
url = https://good.test/ok
[port web]
ports = 80
END
like "doctor: Landlock" "$(pf doctor)" '^ *ok +fence .*neither the database nor the configuration'
like "doctor: only walls" "$("${NO_LANDLOCK[@]}" "$PORTFLOW" -c "$INI" doctor)" '^ *warn +fence .*by a mount namespace, which the services may not make'
like "doctor: neither" "$("${NO_WALLS[@]}" "$PORTFLOW" -c "$INI" doctor)" '^ *warn +fence .*could open the database'
done_testing
