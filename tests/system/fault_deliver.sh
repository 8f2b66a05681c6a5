#!/bin/bash
# Delivery, killed at every system call: of the run from the moment it has let go of the lock, and of each child that it starts. Whatever is
# killed, every recipient has the message once a later run is through; twice only who got it in the run that was killed, and only while the
# outbox did not know yet; under the same id. The database is sound, the lock is free, nobody works on behind a dead run's back.
# In `make check` a part of the calls, chosen by SEED; all of them with `make torture`.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
FELL=$TOOLS/fell
"$FELL" -k 0:1 -o "$WORK/fell" true || [ $? = 137 ] || skip_all "processes cannot be traced here: $(cat "$WORK/fell")"
net_up || exit 1
# shellcheck source=lib/post.sh
. "$SYSTEM/lib/post.sh"
[ -n "${TORTURE:-}" ] || FAULT_STEP=${STEP:-59}
note "SEED=$SEED, every ${FAULT_STEP}th call"
serve servers "$SYSTEM/lib/servers.py" "$NET"
telegram_up
touch "$NET/program"
chmod 666 "$NET/program"
printf '#!/bin/sh\nbody=$(cat) && printf "%%s\\n" "$body" >>%s\n' "$NET/program" >"$NET/tell"
chmod 755 "$NET/tell"

# Three kinds of child: one for all of HTTP, one a mail server (the first is to take two mails), one a program.
TARGETS=(hook ops mail:alice@good.test mail:bob@good.test relay:carol@good.test program)
config() {
	ini <<-END
		[portflow]
		node = hk1
		timezone = UTC
		[port web]
		ports = 53
		quota = 1GB
		notify = hook, ops, mail, relay, program
		[notify hook]
		type = webhook
		url = https://good.test/ok/T0PSECRET
		ca_file = $NET/ca.pem
		$(ops_section)
		$(mail_section "alice@good.test, bob@good.test")
		[notify relay]
		type = email
		url = smtp://good.test:25
		tls = off
		from = portflow@good.test
		to = carol@good.test
		[notify program]
		type = exec
		command = $NET/tell
	END
}
forget() { # what the servers took
	: >"$NET/log"
	: >"$NET/telegram.log"
	: >"$NET/program"
	rm -f "$NET"/mail/*
}
arrived() { # -> how often each of TARGETS has the message
	# shellcheck disable=SC2046 # names without blanks
	awk '
		/"path": "\/ok\// { n[1]++ } /"said": "ok"/ { n[2]++ } /"to": \["alice@/ { n[3]++ } /"to": \["bob@/ { n[4]++ } /"to": \["carol@/ { n[5]++ }
		/^\{"version"/ { n[6]++ } END { print n[1] + 0, n[2] + 0, n[3] + 0, n[4] + 0, n[5] + 0, n[6] + 0 }' \
		"$NET/log" "$NET/telegram.log" "$NET/program" $(find "$NET/mail" -name '*.json')
}
ids() { # -> how many different ones the messages of each target have, but for Telegram, which knows none
	grep -ho '"Idempotency-Key": "[^"]*"' "$NET/log" | sort -u | wc -l
	for who in alice bob carol; do
		for mail in $(grep -l "\"$who@" "$NET"/mail/*.json); do grep -ih '^message-id:' "${mail%.json}.eml"; done | sort -u | wc -l
	done
	grep -ho '"id":"[^"]*"' "$NET/program" | sort -u | wc -l
}
waiting() { of_db "SELECT DISTINCT rtrim(target || ':' || recipient, ':') FROM outbox"; }
events() { of_db "SELECT count(*) FROM event WHERE kind = 'quota_adjusted'"; }
say() { printf '%s\n' "$*" >"$WORK/agree.log"; }

# One event, whose delivery is killed. -> touched, twice (how many messages came twice); or 1 and why in agree.log
point() { # PROCESS CALL
	local first last left leased before i from_unlock=''
	[ "$1" != 0 ] || from_unlock=-l
	forget
	before=$(events)
	(timeout -k 5 $((60 * SLOW)) "$FELL" $from_unlock -k "$1:$2" -o "$WORK/fell" "$PORTFLOW" -c "$INI" quota add web 1KB \
		>"$WORK/fault.out" 2>"$WORK/fault.err"
		exit $?) 2>/dev/null # the shell's own "Killed"
	rc=$?
	touched=0 twice=0
	! grep -q ^killed "$WORK/fell" || touched=1
	[ $rc = 0 ] || [ "$1$rc" = 0137 ] || { say "exit $rc: $(cat "$WORK/fault.err")"; return 1; }
	still || { say "something is left: $(ps -o comm=,args= | grep -v ps) $(cat /proc/net/tcp)"; return 1; }
	for i in "$DB.lock" /run/portflow/net-*.lock; do flock -n "$i" true || { say "$i is still locked"; return 1; }; done
	[ "$(events)" = $((before + 1)) ] || { say "$(events) events instead of $((before + 1))"; return 1; }
	pf_run db check
	[ "$rc" = 0 ] || { say "db check: exit $rc $out $err"; return 1; }
	first=$(arrived) left=" $(waiting | xargs) " leased=$(of_db "SELECT count(*) FROM outbox WHERE lease <> ''")
	if [ "$leased" != 0 ]; then
		pf_run notify flush
		[ "$(arrived)" = "$first" ] || { say "another run took what was under a lease: $(arrived) instead of $first"; return 1; }
		at $(($(date +%s) + 70)) notify flush
	else
		pf_run notify flush
	fi
	[ "$rc" = 0 ] || { say "notify flush: exit $rc $out $err"; return 1; }
	[ -z "$(waiting)" ] || { say "left in the outbox: $(waiting | xargs)"; return 1; }
	last=$(arrived)
	for i in "${!TARGETS[@]}"; do
		local a b
		a=$(cut -d' ' -f$((i + 1)) <<<"$first") b=$(cut -d' ' -f$((i + 1)) <<<"$last")
		case "$a $b $left" in
		"0 1 "*" ${TARGETS[i]} "*) ;; # it came later
		*" ${TARGETS[i]} "*) # twice, since the run that sent it could not write that down
			[ "$a $b" = "1 2" ] || { say "${TARGETS[i]}: $a, then $b; left:$left"; return 1; }
			twice=$((twice + 1))
			;;
		*) [ "$a $b" = "1 1" ] || { say "${TARGETS[i]}, of which the outbox knew: $a, then $b; left:$left"; return 1; } ;;
		esac
	done
	[ $twice = 0 ] || [ "$(ids | xargs)" = "1 1 1 1 1" ] || { say "what came twice has several ids: $(ids | xargs)"; return 1; }
}
every_call() { # DESCRIPTION PROCESS
	local n=$((SEED % FAULT_STEP + 1)) tried=0 bad=0 again=0 missed=0 log='' most=$((FAULT_STEP == 1 ? 5 : 1))
	while [ $missed -lt $most ] && [ $bad -lt 5 ]; do
		if ! point "$2" $n; then
			bad=$((bad + 1)) log+="call $n ($(head -n 1 "$WORK/fell")): $(cat "$WORK/agree.log")"$'\n'
			begin
		fi
		if [ $touched = 1 ]; then tried=$((tried + 1)); else missed=$((missed + 1)); fi
		again=$((again + twice)) n=$((n + FAULT_STEP))
	done
	duplicates=$((duplicates + again)) points=$((points + tried))
	if [ $bad = 0 ] && [ $tried -gt 0 ]; then pass "$1: $tried calls, $again messages twice"; else fail "$1: $tried calls" "$log"; fi
}
begin() {
	fresh
	config
	pf_ok apply
}
points=0 duplicates=0
begin
point 9 1 || fail "nobody is killed" "$(cat "$WORK/agree.log")"
is "nobody is killed: each has it once" "$touched $twice $(arrived)" "0 0 1 1 1 1 1 1"
every_call "the run, from the release of its lock" 0
every_call "the child for HTTP" 1
every_call "the child for a mail server with two mails" 2
every_call "the child for another mail server" 3
every_call "the program" 4
note "$duplicates of $((points * ${#TARGETS[@]})) came twice"

# -- one server is silent: what another one took is not forgotten with the run -----------------------------------------------------------
ini_sed -e 's|^notify = .*|notify = hook, silent|' -e '$a[notify silent]\ntype = webhook\nurl = https://good.test/silent\nca_file = '"$NET/ca.pem"
pf_ok apply
forget
"$PORTFLOW" -c "$INI" quota add web 1KB >/dev/null 2>&1 &
run=$!
wait_for '[ "$(waiting | xargs)" = silent ]' 5
kill -9 $run
wait $run 2>/dev/null
still
is "it is written while the run still waits" "$(waiting | xargs) $(of_db "SELECT count(*) FROM outbox WHERE lease <> ''")" "silent 1"
is "... and was sent once" "$(arrived)" "1 0 0 0 0 0"
done_testing
