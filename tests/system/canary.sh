#!/bin/bash
# A word in each secret, and a search for it in everything that is said, written, started or left behind: of what the kernel is asked only reads
# of the INI and the pipe to portflow-net may hold it; and no core file can.
# make check-system runs it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
command -v strace >/dev/null || skip_all "strace is not installed"
net_up && exact_segments || exit 1
# shellcheck source=lib/post.sh
. "$SYSTEM/lib/post.sh"
serve servers "$SYSTEM/lib/servers.py" "$NET"
telegram_up
# Servers that repeat what they were asked, one that takes it, one that is not there.
target() { printf '[notify %s]\ntype = %s\n' "$1" "$1"; printf '%s\n' "${@:2}"; [ "$1" = exec ] || echo "ca_file = $NET/ca.pem"; }
ini <<END
[portflow]
node = hk1
timezone = UTC
notify = webhook, telegram, email, slack, matrix, gotify, ntfy, dingtalk, feishu, wecom, bark, discord
[port web]
ports = 53
quota = 100KB
quota_alerts = 50%
$(target webhook 'url = https://good.test/ok/CANARYBIRD?x=CANARYBIRD' 'secret = CANARYBIRD')
$(target telegram 'token = 123:CANARYBIRD' 'chat_id = -100123')
$(target email 'url = smtp://good.test:587' 'from = portflow@good.test' 'to = ops@good.test' 'user = test' 'password = CANARYBIRD')
$(target slack 'url = https://good.test/echo/CANARYBIRD')
$(target matrix 'url = https://good.test/echo/CANARYBIRD' 'token = CANARYBIRD' 'room = !a:b')
$(target gotify 'url = https://good.test/echo' 'token = CANARYBIRD')
$(target ntfy 'url = https://good.test/echo/CANARYBIRD' 'token = CANARYBIRD')
$(target dingtalk 'url = https://good.test/echo?access_token=CANARYBIRD' 'secret = CANARYBIRD')
$(target feishu 'url = https://good.test:82/CANARYBIRD' 'secret = CANARYBIRD')
$(target wecom 'url = https://good.test/redirect/CANARYBIRD')
$(target bark 'url = https://other.test/CANARYBIRD')
$(target discord 'url = https://good.test/garbage/CANARYBIRD')
END
run() { # COMMAND: what it says goes to $WORK/said, what it asks of the kernel to $WORK/asked
	echo "\$ portflow $*" >>"$WORK/said"
	# shellcheck disable=SC2024
	timeout 60 strace -f -qq -y -s 1000000 -o "$WORK/calls" "$PORTFLOW" -c "$INI" "$@" >>"$WORK/said" 2>&1
	cat "$WORK/calls" >>"$WORK/asked"
	rm "$WORK/calls"
}
run -v apply
run notify test
second=$(date +%s)
wait_for '[ "$(date +%s)" -gt $second ]'
udp_in 4 53 60 972
run -v sample
for command in "notify list" "notify list --json" "notify flush" "notify send" "check" "check -v" "check --json" "plan" "plan --json" "status" "status -v web" \
	"status --json" "events" "events --json" "config show" "config show --json" "config show --applied" "doctor" "doctor --json" "report" "db check" "down"; do
	# shellcheck disable=SC2086 # words of a command
	run $command
done
cp -p "$INI" "$WORK/good.ini"
for slip in 's/^token = /tokne = /' 's/^room = .*/room = x/' 's/^secret = /secret_file = k:/' 's/^password = /  password = /' 's/^url = https/url = ftp/' 's/^password/pass word/' \
	's/^token = \(.*\)/token = "\1" ; comment/'; do
	sed "$slip" "$WORK/good.ini" >"$INI.new" && put_ini "$INI.new"
	for command in check "check --json" apply sample status "config show" doctor "notify test"; do
		# shellcheck disable=SC2086
		run $command
	done
done
put_ini "$WORK/good.ini"
is "said: of every command, also where a server repeats what it was asked, and with slips in the INI" "$(grep -n CANARYBIRD "$WORK/said")" ""
is_ge "... which many servers refused" "$(grep -c 'not accepted: ' "$WORK/said")" 10
is "written: database, and what lies beside it" "$(cat "$DB"* | grep -c CANARYBIRD)" 0
asked_of() { # -> "CALL FILE" of each call that held it; one that was resumed has its file where it began
	awk '/unfinished \.\.\.>$/ { began[$1] = $2 } /CANARYBIRD/ { print $2 == "<..." ? began[$1] : $2 }' "$WORK/asked" |
		sed -E 's/\([0-9]*</ /; s/>,.*//; s/pipe:.*/pipe/' | sort -u
}
is "asked of the kernel: nothing but reads of the INI, and the pipe to portflow-net" "$(asked_of)" "read $INI
read pipe
write pipe"
is "left behind: no file has it" "$(grep -rsl CANARYBIRD /run /var/lib | grep -vxF -e "$INI" -e "$WORK/asked" -e "$NET/log" -e "$NET/telegram.log")" ""
# A run that waits for another one has read its secrets.
exec 7>>"$DB.lock"
flock 7
(ulimit -c unlimited 2>/dev/null; exec "$PORTFLOW" -c "$INI" sample >/dev/null 2>&1) &
waits=$!
wait_for "[ \"\$(readlink /proc/$waits/exe)\" = \"\$(readlink -f $PORTFLOW)\" ] && ls -l /proc/$waits/fd | grep -qF $DB.lock"
like "a core file has no room for them" "$(tr -s ' ' <"/proc/$waits/limits")" '^Max core file size 0 0 bytes'
flock -u 7
wait $waits
done_testing
