#!/bin/bash
# Messages end to end: an event in the kernel's counters becomes a message at a real mail server, at a stand-in for Telegram that takes only
# what its published API takes, at a web server and in a program of the user's; once, also after an outage, and never at the cost of counting.
# Nothing outside 127.0.0.0/8: names come from a hosts file, authorities from a CA made here.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
# shellcheck source=lib/post.sh
. "$SYSTEM/lib/post.sh"
touch "$NET/program"
chmod 666 "$NET/program"
cat >"$NET/tell" <<-END
	#!/bin/sh
	cat >>$NET/program && echo >>$NET/program
	grep CapEff /proc/self/status >$NET/caps 2>/dev/null
	exit \$(cat $NET/exit 2>/dev/null || echo 0)
END
touch "$NET/caps"
chmod 666 "$NET/caps"
chmod 755 "$NET/tell"
serve servers "$SYSTEM/lib/servers.py" "$NET"
telegram_up

config() { # stdin: more
	{
		cat <<-END
			[portflow]
			node = hk1
			timezone = UTC
			notify = ops
			[port web]
			ports = 53
			remark = <b>shop</b> & "小艾" \\
			quota = 100KB
			quota_alerts = 50%
			quota_action = block
			notify = ops, mail, mail:carol@good.test, hook, program
			[port other]
			ports = 54
			quota = 100KB
			quota_alerts = 50%
			$(ops_section)
			$(mail_section "alice@good.test, bob@good.test")
			language = zh
			[notify hook]
			type = webhook
			url = https://good.test/ok/T0PSECRET
			secret = key
			ca_file = $NET/ca.pem
			[notify program]
			type = exec
			command = $NET/tell
			events = quota
		END
		cat
	} | ini
}
moved() { udp_in 4 "$1" "$2" 972; } # PORT KILOBYTES
told() { wc -l <"$NET/telegram.log"; }
last() { tail -n 1 "$NET/telegram.log"; }
posts() { grep -c T0PSECRET "$NET/log" 2>/dev/null; }
programs() { wc -l <"$NET/program"; }
seen() { echo "$(told) $(mails) $(posts) $(programs)"; }

# -- notify test, send -------------------------------------------------------------------------------------------------------------
config </dev/null
pf_run notify test
is "notify test: each service takes it" "$rc $out" "0 ops: accepted
mail:alice@good.test: accepted
mail:bob@good.test: accepted
hook: accepted
program: accepted"
is "... each got one" "$(seen)" "1 2 1 1"
like "the program has no capability" "$(cat "$NET/caps")" 'CapEff:.0000000000000000'
like "Telegram: as its API wants it" "$(last)" '"said": "ok".*"chat": "-100123".*test message'
exits "notify test TARGET:RECIPIENT" 0 notify test ops:@channel
like "... goes there" "$(last)" '"chat": "@channel"'
exits "a target that is not there" 64 notify test osp
like "... says which is meant" "$err" 'did you mean "ops"'
exits "a recipient that is none" 64 notify test ops:alice
printf '999:wrong\n' >"$NET/ops.token"
pf_run notify test ops
is "a wrong token: exit 1, and what the service says" "$rc $out" "1 ops: not accepted: 401 Unauthorized"
rm "$NET/ops.token"
pf_run notify test ops
like "no token: says which file" "$rc $out" "^1 ops: not accepted: the token of \[notify ops\]: $NET/ops.token: No such file"
for bytes in '\n123:abc\n' '  123:abc \r\n\n' '\xef\xbb\xbf123:abc\r\n'; do
	printf '%b' "$bytes" >"$NET/ops.token"
	pf_run notify test ops
	is "a secret with what editors leave around it: $bytes" "$out" "ops: accepted"
done
for case in '123\n:abc=more than one line' '123\033[Dabc\n=a control character (byte 4 of it is 1b)' '123:abc\0=a control character (byte 8 of it is 00)' \
	' \n\n=nothing'; do
	printf '%b' "${case%%=*}" >"$NET/ops.token"
	pf_run notify test ops
	is "a file that holds ${case#*=}: said" "$out" "ops: not accepted: the token of [notify ops]: $NET/ops.token holds ${case#*=}"
done
printf '123:abc\n' >"$NET/ops.token"
for case in 'smtps://good.test:587=smtp://' 'smtp://good.test:465=smtps://'; do
	ini_sed "s|^url = smtp.*|url = ${case%%=*}|"
	pf_run notify test mail:alice@good.test
	like "${case%%=*}: exit 1, and what is likely meant" "$rc $out" "^1 .*not accepted: .*${case#*=}"
done
config </dev/null

# -- one event, everybody who is named ---------------------------------------------------------------------------------------------
pf_ok apply
before=$(seen)
pf_ok sample
is "nothing happened: nothing is told" "$(seen)" "$before"
moved 53 60
pf_ok sample
is "a threshold: each one is told once" "$(seen)" "$(awk '{ print $1 + 1, $2 + 3, $3 + 1, $4 + 1 }' <<<"$before")"
is "... and the outbox is empty" "$(waiting) $(parked)" "0 0"
like "the text: who, what, how much, until when" "$(last)" '\[hk1\] web: 50 % of the quota used.*port 53 .* <b>shop</b> & \\"\\u5c0f\\u827e\\" .*60.0 kB.*100 kB.*resets '
mail=$("$PYTHON" "$SYSTEM/lib/mail.py" "$(find "$NET/mail" -name '*.eml' -newer "$INI" | sort -V | tail -n 1)" /dev/null /dev/null 2>&1)
like "the mail: an independent reader has its Chinese subject" "$mail" 'Subject: \[hk1\] web: 已用配额 50%'
like "... a date and an id" "$mail" 'Date: [A-Z][a-z]{2}, .*'
like "... lines and no defects" "$mail" 'longest line <= 998: True'
is "... text and HTML as two forms of one thing, with nothing attached" "$(grep multipart/ <<<"$mail")" multipart/alternative
is "... the HTML is sound, with a bar of 60 %" "$("$PYTHON" "$SYSTEM/lib/mail_page.py" "$(find "$NET/mail" -name '*.eml' -newer "$INI" | sort -V | tail -n 1)" 200)" "sound 120+80"
is "three recipients, a mail each" "$(sed 's/.*"to": \["\([a-z]*\).*/\1/' "$NET"/mail/*.json | sort | uniq -c | xargs)" '2 alice 2 bob 1 carol'
like "the webhook is signed" "$(grep T0PSECRET "$NET/log" | tail -n 1)" '"X-Portflow-Signature": "sha256=[0-9a-f]{64}"'
body=$(grep T0PSECRET "$NET/log" | tail -n 1 | "$PYTHON" -c 'import hashlib, hmac, json, sys
q = json.loads(sys.stdin.read()); b = q["body"].encode("latin-1")
print(hmac.new(b"key", b, hashlib.sha256).hexdigest() == q["headers"]["X-Portflow-Signature"][7:]); print(b.decode())')
is "... with the key" "$(head -n 1 <<<"$body")" True
tail -n +2 <<<"$body" >"$WORK/body.json"
ok "the JSON is what docs/schema says" "$PYTHON" "$ROOT/tests/golden/validate.py" "$ROOT/docs/schema/notify.schema.json" "$WORK/body.json"
like "... and the program got the same" "$(tail -n 1 "$NET/program")" '"name":"web".*"used":60000'
before=$(seen)
pf_ok sample
is "the next run tells nothing again" "$(seen)" "$before"
moved 53 100
moved 54 60
pf_ok sample
is "blocked, and another entry at once: one message to who hears of both" "$(told)" "$(($(cut -d' ' -f1 <<<"$before") + 1))"
like "... with both" "$(last)" '\[hk1\] 2 events: web, other.*web: quota used up: blocked.*other: 50 %'

before=$(seen)
pf_ok quota add web 1KB
is "a quota changed by hand: who hears of the entry is told" "$(seen)" "$(awk '{ print $1 + 1, $2 + 3, $3 + 1, $4 + 1 }' <<<"$before")"
like "... with its figures" "$(last)" 'web: quota adjusted.*100 kB / 101 kB'

# -- routes ------------------------------------------------------------------------------------------------------------------------
before=$(seen)
nft delete table inet portflow
pf_ok sample
is "the machine's own event: only the targets of [portflow]" "$(seen)" "$(awk '{ print $1 + 1, $2, $3, $4 }' <<<"$before")"
ini_sed 's/^type = telegram$/&\nevents = quota, expiry/'
before=$(seen)
nft delete table inet portflow
pf_ok sample
is "... not when it asked for others" "$(seen)" "$before"
config </dev/null
pf_ok apply

# -- outages -----------------------------------------------------------------------------------------------------------------------
pf_ok quota reset other
telegram_down
before=$(told)
moved 54 60
pf_ok sample
is "the service is down: the message waits" "$(waiting) $(parked)" "1 0"
like "... and the first try says so" "$err" 'a message to ops could not be delivered yet'
like "notify list shows it" "$(pf notify list)" ' ops +[0-9]+ .* next try .*onnect'
pf notify list --json >"$WORK/list.json"
ok "... as JSON too" "$PYTHON" "$ROOT/tests/golden/validate.py" "$ROOT/docs/schema/outbox.schema.json" "$WORK/list.json"
unlike "... of which status says nothing yet" "$(pf status)" 'waits for more than an hour'
sqlite3 "$DB" 'UPDATE outbox SET created = created - 7200'
like "... but when it lasts" "$(pf status)" '1 message waits for more than an hour, .*onnect.*: portflow notify list'
like "... and doctor too" "$(pf doctor)" 'warn +outbox +1 message waits for more than an hour: .*onnect'
sqlite3 "$DB" 'UPDATE outbox SET created = created - 40 * 86400, next = 0'
pf_ok sample
is "a machine that was off for long: its first tries give nothing up" "$(waiting) $(parked)" "1 0"
sqlite3 "$DB" 'UPDATE outbox SET next = 0, tries = 40'
pf_ok sample
is "... later ones do" "$(waiting) $(parked)" "0 1"
like "... and say so" "$err" 'is given up: in vain for 30 days: '
sqlite3 "$DB" "UPDATE outbox SET parked = 0, created = unixepoch(), tries = 1, next = unixepoch() + 60"
pf_ok sample
is "not before its time" "$(sqlite3 "$DB" 'SELECT max(tries) FROM outbox')" 1
telegram_up
pf_ok notify flush
is "flush: now" "$out $(told)" "0 waiting, 0 given up $((before + 1))"

printf '429 35\nok\n' >"$NET/telegram.next"
pf_ok quota reset other
is "429: it waits" "$(waiting)" 1
is_ge "... as long as the service says" "$(sqlite3 "$DB" 'SELECT next - unixepoch() FROM outbox')" 50
printf '400 Bad Request: chat not found\nok\n' >"$NET/telegram.next"
exits "flush of what is refused" 1 notify flush
is "400: given up" "$(waiting) $(parked)" "0 1"
like "... said at once" "$err" 'a message to ops is given up: 400 Bad Request: chat not found'
like "... by status" "$(pf status)" '1 message could not be delivered: portflow notify list'
like "... and by doctor" "$(pf doctor)" 'outbox .*1 message was given up'
before=$(told)
pf_ok sample
is "... and not tried again by itself" "$(told)" "$before"
id=$(sqlite3 "$DB" 'SELECT DISTINCT letter FROM outbox')
pf_ok notify flush "$id"
is "flush ID: it is" "$(parked) $(told)" "0 $((before + 1))"
printf '400 no\n400 no\n400 no\nok\n' >"$NET/telegram.next"
for size in 10KB 20KB; do pf_ok quota set-used other $size; done
pf_run quota set-used web 10KB
is "three that are given up, of one target" "$(parked)" 3
exits "flush TARGET: one that is not there" 64 notify flush osp
like "... says which is meant" "$err" 'there is no target "osp"; did you mean "ops"'
exits "... one of which nothing waits" 0 notify flush hook
is "... touches no other" "$(parked)" 3
before=$(told)
pf_run notify flush ops
is "flush TARGET: all of it go out" "$rc $(parked) $(($(told) - before))" "0 0 3"
printf '400 no\n400 no\nok\n' >"$NET/telegram.next"
for size in 30KB 40KB; do pf_ok quota set-used other $size; done
exits "drop TARGET:RECIPIENT: nobody of it" 64 notify drop ops:@nobody
exits "drop TARGET" 0 notify drop ops
is "... is for good" "$(parked)" 0
printf '400 no\nok\n' >"$NET/telegram.next"
pf_ok quota set-used other 60KB
id=$(sqlite3 "$DB" 'SELECT DISTINCT letter FROM outbox')
exits "drop" 0 notify drop "$id"
is "... is for good" "$(parked)" 0
exits "nothing waits: flush has nothing to do" 0 notify flush
exits "an id that is not there" 64 notify drop "$id"
exits "an id that is none" 64 notify drop x

echo 75 >"$NET/exit"
pf_ok quota reset web
is "a program that asks for another try" "$(waiting)" 1
rm "$NET/exit"
pf_ok notify flush
is "... gets it" "$(waiting)" 0

# -- nobody to send it --------------------------------------------------------------------------------------------------------------
mkdir "$WORK/alone"
cp "$PORTFLOW" "$WORK/alone/portflow"
pf_ok quota set-used other 60KB
printf '429 35\nok\n' >"$NET/telegram.next"
PORTFLOW=$WORK/alone/portflow pf_ok quota reset other
is "portflow-net is missing: the message waits" "$(waiting) $(parked)" "1 0"
like "... the run says so" "$err" 'a message to ops cannot be sent: portflow-net is missing: .*make install'
like "... and notify list why" "$(pf notify list)" 'portflow-net is missing'
PORTFLOW=$WORK/alone/portflow pf_ok sample
like "... the next run again: nothing else would show it" "$err" 'cannot be sent: portflow-net is missing'
echo ok >"$NET/telegram.next"
pf_ok notify flush
is "... it goes out when it is there again" "$(waiting) $(parked)" "0 0"
pf_ok quota set-used other 60KB

# -- a login that is refused ---------------------------------------------------------------------------------------------------------
# Who tries it for each message is locked out by the server.
logins() { grep -c '"where": "smtp", "mechanism"' "$NET/log"; }
printf 'wrongword\n' >"$NET/many.password"
config <<-END
	[port many]
	ports = 55
	quota = 100KB
	quota_alerts = 50%
	notify = many, ops
	[notify many]
	type = email
	url = smtp://good.test:587
	from = portflow@good.test
	user = test
	password_file = $NET/many.password
	ca_file = $NET/ca.pem
	$(printf 'to = user%s@good.test\n' {1..120})
END
pf_ok apply
moved 55 60
before=$(told) tried=$(logins) arrived=$(mails)
pf_ok sample
is "120 messages and a wrong password: it is tried three times, not in each batch" "$(($(logins) - tried))" 3
is "... which counts as a try of three messages alone" "$(sqlite3 "$DB" "SELECT tries, count(*) FROM outbox GROUP BY tries" | xargs)" "0|117 1|3"
is "... all wait an hour" "$(sqlite3 "$DB" "SELECT count(*) FROM outbox WHERE next - unixepoch() BETWEEN 3500 AND 3600 AND lease = ''")" 120
is "... it is said once" "$(grep -c 'refuses the login: 535' <<<"$err")" 1
is "... others are told" "$(($(told) - before))" 1
like "... notify list says why of each" "$(pf notify list | grep -c 'refuses the login')" '^120$'
tried=$(logins)
pf_ok sample
is "... and the next run does not try it" "$(logins)" "$tried"
printf 'secret\n' >"$NET/many.password"
pf_ok notify flush
is "mended: all go out" "$(waiting) $(parked) $(($(mails) - arrived))" "0 0 120"
config </dev/null
pf_ok apply

# -- a configuration that is refused ------------------------------------------------------------------------------------------------
# The database has no secrets, so one that stands in the INI is taken from there, whatever else is wrong with it.
inline() { # stdin: more
	config < <(cat) && ini_sed "s|^token_file.*|token = 123:abc|"
}
aged() { touch -d '1 minute ago' "$INI"; }
inline </dev/null
aged
pf_ok apply
ini_sed 's/^ports = 53/ports = 99999/'
aged
before=$(told)
pf_run sample
is "an error elsewhere in the INI, and a secret in it: the message about the error arrives" "$(told) $(waiting)" "$((before + 1)) 0"
like "... saying so" "$(last)" 'has an error; counting goes on with the configuration applied last'
ini_sed 's/^chat_id.*/&\nlanguage = klingon/'
aged
before=$(told)
pf_run sample
is "an error in its own section: it waits" "$(told) $(waiting)" "$before 1"
like "... which the run says" "$err" 'a message to ops cannot be sent: the token of \[notify ops\] is not known: it stands in the INI, where this section has an error now'
pf_run notify list
like "... notify list works meanwhile" "$out" ' ops .*is not known: it stands in'
pf_run notify flush
is "... and so does flush" "$rc $out" "75 1 waiting, 0 given up"
is "... nor was that a try" "$(sqlite3 "$DB" 'SELECT max(tries) FROM outbox')" 0
inline </dev/null
aged
sqlite3 "$DB" 'UPDATE outbox SET next = next - 30'
pf_ok sample
is "mended: it arrives with the next run" "$(told) $(waiting)" "$((before + 1)) 0"
ini_sed 's/^timezone = UTC/&\nauto_apply = no/'
aged
pf_ok apply
ini_sed 's/^remark = .*/remark = other/'
aged
pf_ok quota reset other
before=$(told)
moved 54 60
pf_ok sample
is "an edit that was not applied: what it does not concern arrives" "$(told) $(waiting)" "$((before + 1)) 0"
config </dev/null
aged
pf_ok apply

# -- a run that fails ---------------------------------------------------------------------------------------------------------------
# The outbox is in the database that is damaged: who is to hear of it is told past it, once, and not by each run.
stop_database() { mv "$DB" "$WORK/kept.db" && rm -f "$DB-wal" "$DB-shm" && head -c 40000 /dev/urandom >"$DB"; }
start_database() { rm -f "$DB" && mv "$WORK/kept.db" "$DB"; }
pf_ok sample
pf db check >/dev/null
sqlite3 "$DB" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
telegram_down
stop_database
before=$(seen)
pf_run sample
is "a database that is damaged: the run fails" "$rc $(seen)" "1 $before"
telegram_up
pf_run sample
is "... the operator is told as soon as he can be reached, and nobody else" "$rc $(seen)" "1 $(awk '{ print $1 + 1, $2, $3, $4 }' <<<"$before")"
like "... what it is" "$(last)" '\[hk1\] counting fails.*the database is damaged'
before=$(seen)
pf_run sample
is "... not by each run" "$rc $(seen)" "1 $before"
start_database
pf_ok sample
stop_database
pf_run sample
is "... but when it fails anew" "$rc $(told)" "1 $(($(cut -d' ' -f1 <<<"$before") + 1))"
start_database
pf_ok sample

# -- an outbox that was damaged, or that somebody wrote --------------------------------------------------------------------------------
printf '429 35\nok\n' >"$NET/telegram.next"
pf_ok quota reset other
sqlite3 "$DB" "UPDATE outbox SET notice = x'00ff'"
pf_ok notify flush
is "a damaged notice: the event is told in its own words" "$(waiting) $(parked)" "0 0"
like "... whole" "$(last)" '\[hk1\] quota adjusted.*what is used of the quota set from 60.0 kB to 0 B'
sqlite3 "$DB" "INSERT INTO outbox (event, target, recipient, created, notice) VALUES (0, 'ops', '1' || char(13, 10) || 'portflow: forged', unixepoch(), x'00')"
pf_run notify flush
is "one without an event is given up" "$(waiting) $(parked)" "0 1"
like "... in one line, whatever its recipient is" "$err" '^portflow: [a-z]*:? ?a message to ops:1  portflow: forged is given up: the database has it damaged'
pf_ok notify drop "$(sqlite3 "$DB" 'SELECT DISTINCT letter FROM outbox')"

# -- a network that is silent --------------------------------------------------------------------------------------------------------
pf_ok quota reset other
printf 'wait 60\n' >"$NET/telegram.next"
moved 54 60
started=$(date +%s)
pf sample >"$WORK/slow.out" 2>&1 &
slow=$!
wait_for "[ \"\$(sqlite3 'file:$DB?mode=ro' \"SELECT count(*) FROM outbox WHERE lease <> ''\")\" = 1 ]"
moved 53 7
pf_ok sample
exits "flush, while a run delivers" 75 notify flush
is_le "a silent server holds up no other run" "$(($(date +%s) - started))" 8
is "... nor does that one take its message" "$(sqlite3 "$DB" "SELECT count(*) FROM outbox WHERE lease <> ''")" 1
wait "$slow"
is "... and costs the run its budget at most" "$?" 0
is_le "... of 15 s" "$(($(date +%s) - started))" 20
is "... the message waits" "$(waiting)" 1
echo ok >"$NET/telegram.next"
pf_ok notify flush

# -- secrets -------------------------------------------------------------------------------------------------------------------------
# T0PSECRET stands in the INI, the others in files of their own.
for what in "config show" "config show --json" "config show --applied" "check" "check -v" "doctor" "plan" "events" "notify list" "status" "-v sample"; do
	# shellcheck disable=SC2086 # words of a command
	pf $what
done >"$WORK/said" 2>&1
is "no secret in any output" "$(grep -cE 'T0PSECRET|123:abc|^secret$' "$WORK/said")" 0
is "... nor in the database" "$(cat "$DB" "$DB-wal" | grep -caE 'T0PSECRET|123:abc')" 0
strace -f -qq -s 4096 -e trace=execve,execveat -o "$WORK/exec" "$PORTFLOW" -c "$INI" notify test >/dev/null 2>&1
is "... nor in arguments or environments" "$(grep -cE 'T0PSECRET|123:abc' "$WORK/exec")" 0
ini_sed -e '/^url = https:/d' -e 's|^secret = key|secret_file = /nonexistent|'
like "doctor: one secret is the service's to know, and another's file is missing" "$(pf doctor)" 'fail +secret +the secret of \[notify hook\]: /nonexistent: No such file'
unlike "... of the first it cannot say anything" "$(pf doctor)" 'hook\.url'

# What root reads by hand the services may not. /etc is a copy from here on, with the configuration in its own place.
cp -a /etc "$WORK/etc" && mount --bind "$WORK/etc" /etc || exit 1
rm -rf /etc/portflow.d /etc/systemd/system/portflow-*
mkdir -m 755 /etc/portflow.d
telegram_up
cp "$NET/ops.token" /etc/portflow.d/ops.token
chmod 600 /etc/portflow.d/ops.token
{ printf '[portflow]\nnode = hk1\ndatabase = %s\nnotify = ops\n[port web]\nports = 53\n' "$DB"; ops_section; } |
	sed 's|^token_file.*|token_file = portflow.d/ops.token|' >/etc/portflow.ini
plain() { # without -c
	out=$(timeout -k 5 60 "$PORTFLOW" "$@" 2>"$WORK/err")
	rc=$?
	err=$(cat "$WORK/err")
}
cure="user portflow cannot read /etc/portflow.d/ops.token: Permission denied; chown root:portflow /etc/portflow.d/ops.token; chmod 0640 /etc/portflow.d/ops.token"
plain notify test
is "a secret that root alone may read: no success, and the cure" "$rc $out" "1 ops: accepted now, but the services cannot send to it: $cure"
plain apply
like "... apply says so when it is written" "$err" "portflow.ini:7: the services cannot send to \[notify ops\]: $cure"
plain -c /etc/portflow.ini notify test
is "... a configuration of one's own: a remark" "$rc $out" "0 ops: accepted"
like "... with the same words" "$err" "$cure"
chmod 644 /etc/portflow.d/ops.token
chmod 700 /etc/portflow.d
plain notify test
is "a folder that they may not enter" "$rc $out" "1 ops: accepted now, but the services cannot send to it: user portflow cannot enter /etc/portflow.d, where \
/etc/portflow.d/ops.token lies; keep it where they may go: in /etc/portflow.d, a database in /var/lib/portflow"
chmod 755 /etc/portflow.d
plain notify test
is "one that they may" "$rc $out" "0 ops: accepted"
mount -t tmpfs portflow-test /var/tmp
mv /etc/portflow.d/ops.token /var/tmp/ops.token
ln -s /var/tmp/ops.token /etc/portflow.d/ops.token
plain notify test
like "one that their sandbox hides" "$rc $out" '^1 .*/etc/portflow.d/ops.token is hidden from the services'
mkdir -p /etc/systemd/system/portflow-sample.service.d
plain notify test
is "... but not where somebody changed that" "$rc $out" "0 ops: accepted"
like "the program links no libcurl" "$(readelf -d "$PORTFLOW" | grep -c libcurl)" '^0$'
done_testing
