#!/bin/bash
# What every system test stands on: namespaces of its own, TAP, a private INI and database, the program under test.
# Tests of the kernel side must never touch the machine they run on, and must clean up even when killed.
# Sourced first by each topic in tests/system/, with its arguments; never run.
# shellcheck disable=SC2034 # the topics use what is set here
set -u
SYSTEM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$SYSTEM/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
PORTFLOW=${PORTFLOW:-$BUILD/portflow}
TOOLS=$BUILD/tests
# How many times slower than usual this machine is, an emulated one say: everything is waited for that much longer.
SLOW=${SLOW:-1}
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=python3

skip_all() { # WHY: the whole topic cannot run here
	echo "1..0 # SKIP $*"
	exit 0
}

# A network, mount and process namespace of its own: the kernel removes all of it, stray senders too, when this shell ends.
if [ -z "${PORTFLOW_TEST_ID:-}" ]; then
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	for tool in unshare nsenter ip nft ethtool setpriv sqlite3 "$PYTHON"; do
		command -v "$tool" >/dev/null || skip_all "$tool is not installed"
	done
	refused=$(unshare -n -m -p --fork --mount-proc true 2>&1) || skip_all "no namespaces here: $refused"
	[ -x "$TOOLS/datagram" ] || { echo "Bail out! $TOOLS/datagram is missing: run make"; exit 1; }
	PORTFLOW_TEST_ID=$$ exec unshare -n -m -p --fork --kill-child --mount-proc bash "$0" "$@"
fi
ID=$PORTFLOW_TEST_ID
trap 'exit 143' TERM INT HUP # the first process of a namespace hears only what it asks for
export LC_ALL=C
mount -t tmpfs -o mode=755 portflow-test /run || exit 1
mount -t sysfs portflow-test /sys 2>/dev/null # that of this network namespace
mount -t tmpfs portflow-test /var/lib || exit 1 # no test may meet the database of this machine
WORK=/run/work
INI=$WORK/portflow.ini
DB=$WORK/db/portflow.db
mkdir -p "$WORK/db"

# -- TAP ----------------------------------------------------------------------------------------------------------------
tap_n=0 tap_failed=0

diag() { sed 's/^/# /'; }
pass() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $*"; }
fail() { # DESCRIPTION [EXPLANATION]
	tap_n=$((tap_n + 1)) tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | head -60 | diag
}
ok() { # DESCRIPTION COMMAND...: the command succeeds
	local what=$1
	shift
	if "$@" >"$WORK/ok.log" 2>&1; then pass "$what"; else fail "$what" "$* -> $?
$(cat "$WORK/ok.log")"; fi
}
is() { # DESCRIPTION GOT WANTED
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:
$2
wanted:
$3"; fi
}
is_le() { # DESCRIPTION GOT MOST
	if [ "$2" -le "$3" ] 2>/dev/null; then pass "$1"; else fail "$1" "got $2, wanted at most $3"; fi
}
is_ge() { # DESCRIPTION GOT LEAST
	if [ "$2" -ge "$3" ] 2>/dev/null; then pass "$1"; else fail "$1" "got $2, wanted at least $3"; fi
}
is_near() { # DESCRIPTION GOT WANTED PER_MILLE (a decimal): the deviation is printed
	local said
	if said=$(awk -v got="$2" -v want="$3" -v most="$4" 'BEGIN { off = want ? (got - want) * 1000 / want : (got ? 1000 : 0)
		printf "%+.3f per mille", off; exit !(off <= most && off >= -most && want > 0) }'); then pass "$1 ($said)"; else fail "$1" "got $2, wanted $3: $said, allowed $4"; fi
}
like() { # DESCRIPTION TEXT EXTENDED_REGEX
	if grep -Eq -- "$3" <<<"$2"; then pass "$1"; else fail "$1" "no match for: $3
in: $2"; fi
}
unlike() { # DESCRIPTION TEXT EXTENDED_REGEX
	if grep -Eq -- "$3" <<<"$2"; then fail "$1" "unwanted match for: $3
in: $2"; else pass "$1"; fi
}
skip() { # DESCRIPTION WHY
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}
# Asked of the kernel and not of the program: what it fails to do is no reason to skip.
has_htb() { tc qdisc add dev lo root handle 1: htb 2>/dev/null && tc qdisc del dev lo root; }
has_ifb() { ip link add probe$ID type ifb 2>/dev/null && ip link del probe$ID; }
shape_all() { # the INI shapes wherever this kernel can; sets shaped
	shaped='in out'
	if ! has_htb; then
		skip "shaped" "this kernel has no HTB"
		shaped=''
	elif ! has_ifb; then
		skip "what comes in, shaped" "this kernel has no IFB"
		shaped=out
	fi
	if [ "$shaped" = 'in out' ]; then ini_sed 's/^limit_method = .*/limit_method = shape/'; else ini_sed 's/^limit_method = .*/limit_method = auto/'; fi
	pf_ok apply
}
note() { printf '%s\n' "$*" | diag; }
done_testing() {
	echo "1..$tap_n"
	[ "$tap_failed" = 0 ] || exit 1
	exit 0
}

printf -v BETWEEN %d.%02d $((SLOW * 2 / 100)) $((SLOW * 2 % 100)) # tries: to look is what takes a slow machine's time
wait_for() { # CONDITION [SECONDS]: a shell condition, tried every 20 ms
	local tries=$((${2:-10} * 50))
	while ! eval "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { note "waited in vain for: $1"; return 1; }
		sleep $BETWEEN
	done
}

lead() { # SECONDS: so long before a deadline a run and a look at what it did are over
	echo $(($1 * (1 + SLOW / 5)))
}

heavy() { # of topics that measure while they load every CPU: one at a time, though others run beside them
	exec 8>"$BUILD/heavy.lock"
	flock 8
}

# -- the program under test ---------------------------------------------------------------------------------------------
ini() { # stdin: the INI; [portflow] gets the private database; old enough for a timer to take it up
	if ! sed "s|^\\[portflow\\]\$|&\ndatabase = $DB|" >"$INI.new"; then return 1; fi
	grep -q '^\[portflow\]$' "$INI.new" || sed -i "1i [portflow]\ndatabase = $DB" "$INI.new"
	put_ini "$INI.new"
}
put_ini() { # FILE: becomes the INI, in one rename
	chmod 0640 "$1" && touch -d '-1 minute' "$1" && mv "$1" "$INI"
}
ini_sed() { # SED_ARGUMENTS...: edits the INI
	sed "$@" "$INI" >"$INI.new" && put_ini "$INI.new"
}
pf() { timeout -k 5 $((60 * SLOW)) "$PORTFLOW" -c "$INI" "$@"; }
pf_run() { # ARGS...: sets rc, out, err
	out=$(pf "$@" 2>"$WORK/stderr")
	rc=$?
	err=$(cat "$WORK/stderr")
}
pf_ok() { # ARGS...: for the steps of a test that must not fail
	pf_run "$@"
	[ "$rc" = 0 ] || fail "portflow $* ends with 0" "exit $rc
$err
$out"
}
exits() { # DESCRIPTION CODE ARGS...
	local what=$1 code=$2
	shift 2
	pf_run "$@"
	if [ "$rc" = "$code" ]; then pass "$what"; else fail "$what" "portflow $* -> exit $rc, wanted $code
$err
$out"; fi
}
fresh() { # no table, no database: as on a new machine
	nft delete table inet portflow 2>/dev/null
	rm -rf "$WORK/db"
	mkdir -p "$WORK/db"
}
service_user() { # as after an installation: the user portflow is there
	{ grep -v '^portflow:' /etc/passwd; echo "portflow:x:7066:7066::/nonexistent:/usr/sbin/nologin"; } >"$WORK/passwd"
	mount --bind "$WORK/passwd" /etc/passwd || exit 1
}
of_db() { sqlite3 "file:$DB?mode=ro" "$1"; } # SQL, as somebody who looks
need_program() {
	[ -x "$PORTFLOW" ] || { echo "Bail out! $PORTFLOW is missing: run make"; exit 1; }
}

# shellcheck source=lib/net.sh
. "$SYSTEM/lib/net.sh"
# shellcheck source=lib/oracle.sh
. "$SYSTEM/lib/oracle.sh"
# shellcheck source=lib/conserve.sh
. "$SYSTEM/lib/conserve.sh"
