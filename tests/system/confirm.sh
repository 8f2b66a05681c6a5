#!/bin/bash
# A configuration on trial: whoever cuts himself off is let in again, whatever became of his terminal, of the command that waits, and of the
# machine; what was counted meanwhile stays; and one that is confirmed in time stays.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
export PORTFLOW INI WORK
SSH=2222

before() { # what holds before each trial
	ini <<-END
		[port ssh]
		ports = $SSH
		[port kept]
		ports = 443
		limit = 800mbit
		[port old]
		ports = 1000
	END
}
after() { # what is tried: it blocks the way in, changes a limit, drops an entry and has a new one
	ini <<-END
		[portflow]
		keep_open = none
		[port ssh]
		ports = $SSH
		expires = 2020-01-01
		[port kept]
		ports = 443
		limit = 100mbit
		[port new]
		ports = 1001
	END
}
pending() { [ "$(of_db "SELECT value LIKE '1 1 %' FROM meta WHERE key = 'trial'" 2>/dev/null)" = 1 ]; }
says() { of_db "SELECT text FROM event WHERE kind = '$1' ORDER BY id DESC LIMIT 1"; } # KIND
told() { of_db "SELECT count(*) FROM event WHERE kind = '$1'"; }                      # KIND: how often
time_over() { # the trial's deadline is now
	local value
	value=$(of_db "SELECT value FROM meta WHERE key = 'trial'" | awk '{ $9 = 1; print }')
	sqlite3 "$DB" "UPDATE meta SET value = '$value' WHERE key = 'trial'" || fail "the time is made to be over"
}
applied() { pf config show --applied 2>&1 | grep -c "$1"; } # LINE
shaped() { tc class show dev "$DEV" | sed -n 's/.* ceil \([^ ]*bit\).*/\1/p' | sort -u | xargs; } # what classes may send
on_trial() { # the kernel and the database hold what is tried
	[ "$(applied '^limit = 100mbit')" = 1 ] && nft list table inet portflow | grep -q 'p_new' && nft list table inet portflow | grep -q 12500 &&
		grep -qw 100Mbit <<<"$(shaped)"
}
as_before() { # ... what was before, all of it
	[ "$(applied '^limit = 800mbit')" = 1 ] && [ "$(applied '^limit = 100mbit')" = 0 ] && ! nft list table inet portflow | grep -q 'p_new' &&
		nft list table inet portflow | grep -q 'p_old' && ! grep -qw 100Mbit <<<"$(shaped)" && grep -qw 800Mbit <<<"$(shaped)" && ! pending
}
left() { echo $(($(nft list table inet portflow 2>/dev/null | wc -l) + $(tc qdisc show dev "$DEV" | grep -c htb))); } # what is left of ours
try() { # ARGS...: apply --confirm in the background, until it waits. -> $waiter
	: >"$WORK/try.err"
	"$PORTFLOW" -c "$INI" apply "$@" >"$WORK/try.out" 2>"$WORK/try.err" &
	waiter=$!
	wait_for "grep -q 'on trial until' $WORK/try.err" || { fail "a trial begins" "$(cat "$WORK/try.err")"; return 1; }
}
ended() { # -> rc of the one that waits
	wait "$waiter" 2>/dev/null
	rc=$?
}
afresh() { # what was tried is over, and what holds before a trial does
	pf_ok apply
	before
	pf_ok apply
}
abandon() { # a trial that nobody waits for any more
	after
	try --confirm=1h
	kill -KILL "$waiter"
	ended
}
begin() {
	fresh
	before
	pf_ok apply
	oracle_load peer
	after
}
oracle_new
oracle_port kept 443
oracle_port new 1001
oracle_port old 1000

# -- the way in, closed by a trial --------------------------------------------------------------------------------------------
cat >"$WORK/server.py" <<'END'
import socket, sys, threading
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", int(sys.argv[1])))
s.listen()
def serve(c):
    while data := c.recv(100):
        c.sendall(data)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
cat >"$WORK/client.py" <<'END'
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
s.settimeout(60)
for line in sys.stdin:
    s.sendall(line.encode())
    print(s.recv(100).decode(), end="", flush=True)
END
"$PYTHON" "$WORK/server.py" $SSH &
wait_for "in_peer $PYTHON $WORK/client.py $HERE4 $SSH </dev/null 2>/dev/null" || fail "the server listens"
knock() { in_peer "$PYTHON" "$WORK/client.py" $HERE4 $SSH </dev/null 2>/dev/null; }

begin
coproc session { in_peer "$PYTHON" "$WORK/client.py" $HERE4 $SSH; }
# shellcheck disable=SC2154 # coproc sets it
type_in() { echo "$1" >&"${session[1]}"; }
answered() { read -r -t "$1" -u "${session[0]}" answer; }
type_in one
ok "a session is open" answered 5
try --confirm=15s
ok "the trial is in the kernel and in the database" on_trial
type_in two
ok "it has cut the session off" eval '! answered 0.3'
ok "and lets nobody in" eval '! knock'
udp_in 4 443,1001 2 100
pf_ok sample
like "sample goes on with it and says so" "$err" 'on trial until ..:..:.., .*portflow confirm'
ok "... whatever is edited meanwhile" eval 'ini_sed "s/100mbit/200mbit/"; pf sample 2>/dev/null && on_trial; after'
udp_in 6 443,1001 2 100
ended
is "not confirmed: status 1" "$rc" 1
like "and it says what came of it" "$(cat "$WORK/try.err")" 'was not confirmed until .*: rolled back, the one applied before it holds again'
ok "all is as before" as_before
ok "the session goes on" answered 20
ok "and others are let in" knock
like "the event says who" "$(says trial_rolled_back)" '^the configuration that root took up on trial at '
is "one event each" "$(told trial_began) $(told trial_rolled_back)" "1 1"
pf_run plan
is "plan: what was rolled back is pending" "$rc" 2
like "and says why it is not taken up" "$err" 'was rolled back at ..:..:..: the one applied before it holds until the file changes, or'
udp_in 4 443,1000 2 100
pf_ok sample
like "sample says the same" "$err" 'was rolled back at'
ok "and does not take it up" as_before
like "status says so too" "$(pf status 2>&1)" 'was rolled back at'
unlike "and shows what holds" "$(pf status)" '^new '
like "so does doctor" "$(pf doctor 2>&1)" 'trial .*was rolled back at'
exits "confirm comes too late" 1 confirm
like "and says so" "$err" 'too late: the configuration was rolled back at'
before
echo '# and one more entry' >>"$INI"
printf '[port new]\nports = 1001\n' >>"$INI"
touch -d '-1 minute' "$INI"
pf_ok sample
is "a file that changes is taken up again" "$(applied '^\[port new\]')" 1
pf_ok sample
is "and that is the end of it" "$err" ''
conserve "what passed before, during and after the trial is counted once"

# -- confirmed ----------------------------------------------------------------------------------------------------------------
begin
try --confirm
like "the time is 60 s by itself" "$(cat "$WORK/try.err")" 'on trial until ..:..:.. \(1 min\)'
exits "apply is refused meanwhile" 75 apply
like "and names confirm" "$err" 'on trial until .*portflow confirm'
exits "so is another trial" 75 apply --confirm
pf db backup "$WORK/backup.db" 2>/dev/null
exits "and a backup that would take the way back with it" 75 db restore "$WORK/backup.db"
exits "and to move a history that may be needed" 75 db rename old elder
exits "or to delete it" 75 db forget old
like "status says until when" "$(pf status)" 'on trial until ..:..:..'
like "plan too" "$(pf plan 2>&1)" 'on trial until'
like "doctor too" "$(pf doctor 2>&1)" 'trial .*on trial until'
SUDO_USER=alice exits "confirm" 0 confirm
like "says what stays" "$err" 'confirmed: what was taken up at ..:..:.. stays'
ok "the one that waits ends at once" wait_for "! kill -0 $waiter 2>/dev/null" 5
ended
is "with status 0" "$rc" 0
like "and says who confirmed" "$(cat "$WORK/try.err")" 'confirmed by alice at ..:..:..: the configuration stays'
like "the event says who, too" "$(says trial_confirmed)" 'is kept: confirmed by alice'
ok "it stays" on_trial
time_over
pf_ok sample
ok "for good" on_trial
is "sample has nothing to say" "$err" ''
exits "once more is no error" 0 confirm
like "and says who did it" "$err" 'nothing is on trial: alice confirmed the last one'
pf_ok apply --confirm
like "the same file again is no trial" "$err" 'nothing to try, and nothing to confirm'
before
pf_ok apply
exits "confirm with another configuration since" 0 confirm

# -- the terminal is lost -----------------------------------------------------------------------------------------------------
begin
if command -v script >/dev/null; then
	script -qec "exec $PORTFLOW -c $INI apply --confirm=10s" /dev/null >"$WORK/terminal" 2>&1 </dev/null &
	terminal=$!
	wait_for "grep -qs 'on trial until' $WORK/terminal"
	waiter=$(pgrep -P "$terminal")
	kill -KILL "$terminal"
	ok "without its terminal the command lives on" kill -0 "$waiter"
	wait_for "! kill -0 $waiter 2>/dev/null" 20
	ok "and rolls back" as_before
else
	skip "a lost terminal" "script is not installed"
fi
after
"$PORTFLOW" -c "$INI" apply --confirm=5s 2>"$WORK/try.err" >&- &
waiter=$!
(sleep 0.1; exec "$PORTFLOW" -c "$INI" status) >/dev/null 2>&1
ended
ok "without an output it rolls back" as_before
"$PORTFLOW" -c "$INI" apply --confirm=5s 2>/dev/null | true
ok "so it does when the reader is gone" as_before
# a terminal that takes nothing any more, as behind a dead connection
{
	cat "$INI"
	seq 20000 22500 | awk '{ print "[port p" $1 "]\nports = " $1 }'
} >"$INI.new" && put_ini "$INI.new"
mkfifo "$WORK/stuck"
exec 7<>"$WORK/stuck"
"$PORTFLOW" -c "$INI" apply --confirm=5s >&7 2>&7 &
waiter=$!
ok "what cannot be printed keeps nobody from rolling back" wait_for '[ "$(told trial_rolled_back)" = 4 ]' 40
ended
exec 7>&-
ok "all of it" as_before

# -- ended by hand ------------------------------------------------------------------------------------------------------------
begin
for signal in INT TERM; do
	after
	: >"$WORK/try.err"
	setsid "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$PORTFLOW" -c "$INI" apply --confirm=1h >"$WORK/try.out" 2>"$WORK/try.err" &
	waiter=$!
	wait_for "grep -q 'on trial until' $WORK/try.err"
	kill -HUP "$waiter"
	kill -"$signal" "$waiter"
	wait_for "! kill -0 $waiter 2>/dev/null" 10 || fail "SIG$signal ends it"
	ended
	is "SIG$signal: status 1" "$rc" 1
	like "SIG$signal: says so" "$(cat "$WORK/try.err")" 'was ended by a signal, before its time was over: rolled back'
	ok "SIG$signal: rolled back at once" as_before
	pf_ok apply # else it would be left alone
	before
	pf_ok apply
done
after
try --confirm=1h
pf_ok down
ok "down ends it" wait_for "! kill -0 $waiter 2>/dev/null" 5
ended
is "status 1" "$rc" 1
is "and nothing comes back" "$(left) $(told trial_rolled_back)" "0 2"
like "the event says so" "$(says trial_ended)" 'was taken down by root'
# after down
try --confirm=5s
ended
is "a trial after down: rolled back to that" "$rc $(left)" "1 0"
like "it says so" "$(cat "$WORK/try.err")" 'rolled back, counting is down, as before'
before
pf_ok sample
is "and down it stays, whatever the file says" "$(left)" 0
pf_ok apply
ok "until apply" as_before

# -- nobody waits any more ----------------------------------------------------------------------------------------------------
abandon
pf_ok sample
ok "killed: sample goes on with it" on_trial
time_over
like "status: its time is over" "$(pf status)" 'was on trial until .*was not confirmed: the next run rolls it back'
exits "confirm is too late" 1 confirm
like "and says what comes" "$err" 'too late: the time was over at .*portflow sample'
exits "a backup still would take the way back with it" 75 db restore "$WORK/backup.db"
ok "nothing was changed by that" on_trial
pf_ok sample
ok "the next sample rolls back" as_before
like "and says so" "$err" 'was not confirmed until .*: rolled back'
afresh
abandon
time_over
echo nonsense >>"$INI" && touch -d "-1 minute" "$INI"
exits "it does so when the file has an error by then" 78 sample
ok "all of it" as_before
after
pf_ok sample
ok "and what was tried is left alone when it is there again" as_before
# the files say nothing of the database that has it
for what in other untrusted; do
	afresh
	abandon
	if [ $what = other ]; then
		ini_sed "s|^database = .*|database = $WORK/db/fourth.db|"
	else
		chmod o+w "$INI"
	fi
	pf_run sample
	ok "$what database: sample goes on with the trial" pending
	like "$what database: and says so" "$err" 'on trial until'
	time_over
	pf_run sample
	like "$what database: and rolls back" "$err" 'was not confirmed until .*: rolled back'
	is "$what database: no other one was made" "$(find "$WORK/db/fourth.db" /var/lib/portflow/portflow.db 2>/dev/null)" ''
	after
	ok "$what database: all of it" as_before
done
afresh
after
try --confirm=1h
ini_sed "s|^database = .*|database = $WORK/db/fourth.db|"
pf_ok confirm
like "confirm finds it, too" "$err" 'confirmed: what was taken up'
ended
is "and is heard" "$rc" 0
is "nothing is left of that" "$(find /run/portflow -name 'trial-*')" ''
before
pf_ok apply
after
# a run that is not sample
afresh
abandon
time_over
try --confirm=1h
kill -TERM "$waiter"
ended
ok "another trial on top goes back to what was confirmed last" as_before
afresh
abandon
time_over
pf_ok apply
ok "apply takes up the file, which ends it" on_trial
like "that is told" "$err" 'was not confirmed, nor rolled back: root applied what the files say'
before
pf_ok apply

# -- another boot -------------------------------------------------------------------------------------------------------------
abandon
ok "still on trial" pending
unshare -n bash -c "ip link set lo up; exec $PORTFLOW -c $INI sample" 2>"$WORK/boot.err"
like "in a container that was restarted it is rolled back" "$(cat "$WORK/boot.err")" 'not confirmed before the machine was restarted: rolled back'
nft delete table inet portflow
pf_ok sample
ok "to what was confirmed" as_before
afresh
abandon
nft delete table inet portflow
cp /proc/sys/kernel/random/boot_id "$WORK/boot_id"
tr 0-9a-f 1-9a-f0 <"$WORK/boot_id" >"$WORK/boot_id.new"
mount --bind "$WORK/boot_id.new" /proc/sys/kernel/random/boot_id
pf_ok sample
ok "after a restart of the machine too, though the time is not over" as_before
exits "confirm comes too late for it" 1 confirm
umount /proc/sys/kernel/random/boot_id

# -- the first configuration of all -------------------------------------------------------------------------------------------
fresh
after
try --confirm=10s
ok "nothing before: it is on trial" on_trial
ended
is "rolled back to nothing" "$rc $(left)" "1 0"
like "which it says" "$(cat "$WORK/try.err")" 'rolled back, nothing is counted, as before'
ok "the way in is open" knock
pf_ok sample
like "sample does nothing and says so" "$err" 'rolled back at .*nothing is counted until the file changes, or'
is "no table" "$(left)" 0
like "status works" "$(pf status 2>&1)" 'nothing is counted until'
like "... and what to do" "$(pf status 2>/dev/null)" '^Nothing is counted since the configuration was rolled back\. Try it again with: portflow .*apply --confirm$'
before
pf_ok sample
ok "an edit is taken up" as_before
is "and nobody is said to have flushed a table" "$(told table_rebuilt)" 0

# -- refused ------------------------------------------------------------------------------------------------------------------
sed "s|^database = .*|database = $WORK/db/other.db|" "$INI" >"$INI.new" && put_ini "$INI.new"
sqlite3 "$DB" ".backup $WORK/db/other.db" && chown "$(stat -c %u:%g "$DB")" "$WORK/db/other.db" && chmod 0640 "$WORK/db/other.db"
exits "another database cannot be tried" 78 apply --confirm
like "it says how" "$err" 'a change of the database cannot be tried.*portflow apply$'
after
echo nonsense >>"$INI"
exits "a file with an error" 78 apply --confirm
ok "changes nothing" as_before
exits "--adopt is not undone" 64 apply --confirm --adopt
exits "a span wants a unit" 64 apply --confirm=60
exits "a second is too short" 64 apply --confirm=1s
exits "two days are too long" 64 apply --confirm=2d
exits "confirm takes no words" 64 confirm now
ok "none of it began a trial" eval '! pending'
# the database is edited away while a trial runs
after
try --confirm=10s
sed "s|^database = .*|database = $WORK/db/third.db|" "$INI" >"$INI.new" && put_ini "$INI.new"
ended
after
ok "who waits knows the way back, though the file names another database by now" as_before

# -- JSON -----------------------------------------------------------------------------------------------------------------------
schema() { "$PYTHON" "$ROOT/tests/golden/validate.py" "$ROOT/docs/schema/$1.schema.json" "$2"; }
before
pf_ok apply
after
try --confirm=1h --json
ok "the document is there while it waits" wait_for "schema plan $WORK/try.out 2>/dev/null" 5
like "and says until when" "$(cat "$WORK/try.out")" '"trial":\{"state":"pending","who":"root","began":"[^"]*","until":"[^"]*","ended":null\}'
for command in status plan; do
	pf $command --json >"$WORK/$command.json" 2>/dev/null
	ok "$command --json" schema $command "$WORK/$command.json"
	like "$command --json says it" "$(cat "$WORK/$command.json")" '"trial":\{"state":"pending"'
done
pf_ok confirm
ended
is "confirmed" "$rc" 0
unlike "no word of JSON more" "$(tail -n +2 "$WORK/try.out")" .
pf status --json >"$WORK/status.json"
like "then there is none" "$(cat "$WORK/status.json")" '"trial":null'

# -- killed and broken at every step ----------------------------------------------------------------------------------------------
if strace_works; then
	[ -n "${TORTURE:-}" ] || FAULT_STEP=${STEP:-$((SLOW > 1 ? 499 : 61))}
	note "SEED=$SEED, every ${FAULT_STEP}th point"
	trial_left() { # one whose time is over, and traffic that nobody has stored
		before
		pf_run apply
		udp_in 4 443,1000 2 100
		after
		try --confirm=1h
		kill -KILL "$waiter"
		ended
		udp_in 6 443,1001 2 100
		time_over
	}
	rolls_back() {
		udp_in 4 443 2 100
		pf_run sample
		as_before || { echo "not as before: $err" >"$WORK/agree.log"; return 1; }
		[ "$(nft list table inet portflow | grep -c 12500)" = 0 ] || { echo "the limit stays" >"$WORK/agree.log"; return 1; }
		before
		printf '[port new]\nports = 1001\n' >>"$INI"
		touch -d '-1 minute' "$INI"
		conserved figures
	}
	begin
	fault_loop "a roll-back, killed" trial_left rolls_back signal=KILL -- sample
	CALLS='send|recv|pwrite|pread|read|write|f(data)?sync|open|fcntl|ftruncate|flock|mmap|fstat|newfstat|socket|bind|getsock|close|clock|poll|stat|access'
	fault_loop "a roll-back, EIO" trial_left rolls_back error=EIO "$CALLS" -- sample
	oracle_new
	oracle_port kept 443
	oracle_port old 1000
	begin
	edit() {
		before
		pf_run apply
		udp_in 4 443,1000 2 100
		after
	}
	edit
	strace -f -qq -o "$WORK/trace" "$PORTFLOW" -c "$INI" apply --confirm=5s >/dev/null 2>&1
	sed -n 's/^\([0-9]* *\)\([a-z0-9_]*\)(.*/\2/p' "$WORK/trace" | awk '/^timerfd/ { exit } { print $1, ++n[$1] }' >"$WORK/points.chosen" # until it waits
	number=0 tried=0 bad=''
	while read -r call n <&3; do
		number=$((number + 1))
		[ $(((number + SEED) % FAULT_STEP)) = 0 ] || continue
		tried=$((tried + 1))
		edit
		fault_run "$call" "$n" signal=KILL apply --confirm=5s
		udp_in 6 443 2 100
		# one that was killed before it had begun is an edit, which sample takes up
		if pending; then time_over; elif nft list table inet portflow | grep -q p_new; then
			bad+="$call $n: it is in the kernel, and nothing says that it is a trial"$'\n'
		fi
		if pending; then rolls_back; else
			before
			conserved figures
		fi || bad+="$call $n: $(cat "$WORK/agree.log")"$'\n'
	done 3<"$WORK/points.chosen"
	is "a trial, killed ($tried points of $number)" "$bad" ''
else
	skip "killed and broken at every step" "strace cannot inject faults here"
fi
is "the cable lost nothing" "$(dropped)" 0
done_testing
