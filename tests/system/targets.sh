#!/bin/bash
# What a [notify] section may say, end to end: secrets from files beside each INI and as credentials of the service, proxies, recipients of a
# [quota], a mail server that asks for patience, and what a database that was restored still had to tell.
# make check-system runs it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up && exact_segments || exit 1
# shellcheck source=lib/post.sh
. "$SYSTEM/lib/post.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
serve servers "$SYSTEM/lib/servers.py" "$NET"
telegram_up
told() { wc -l <"$NET/telegram.log"; }
read_mail() { "$PYTHON" - "$1" <<-'END'
	import email, email.policy, sys
	m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
	print(m["Subject"], *m.get_body(("plain",)).get_content().split("\n"), sep="|")
END
}

# -- where secrets come from -------------------------------------------------------------------------------------------------------
# A folder beside portflow.ini; a path is beside the file that says it.
mkdir -p "$WORK/etc/portflow.d/keys"
chmod 755 "$WORK/etc" "$WORK/etc/portflow.d"
INI=$WORK/etc/portflow.ini
printf '123:abc\n' >"$WORK/etc/portflow.d/keys/ops.token"
printf 'https://good.test/ok/T0PSECRET\n' >"$WORK/etc/hook.url"
printf 'key\n' >"$WORK/etc/hook.secret"
printf '[notify ops]\ntype = telegram\ntoken_file = keys/ops.token\nchat_id = 42\nca_file = ../ca.pem\n' >"$WORK/etc/portflow.d/ops.ini"
cp "$NET/ca.pem" "$WORK/etc/ca.pem"
chmod 640 "$WORK/etc"/hook.* "$WORK/etc/portflow.d/keys/ops.token" "$WORK/etc/portflow.d/ops.ini"
touch -d '-1 minute' "$WORK/etc/portflow.d/ops.ini"
ini <<END
[portflow]
node = hk1
timezone = UTC
notify = ops, hook
[port web]
ports = 53
[notify hook]
type = webhook
url_file = hook.url
secret_file = hook.secret
ca_file = ca.pem
END
pf_run notify test
is "files of secrets and of authorities lie beside the INI that names them" "$rc $out" "0 hook: accepted
ops: accepted"
like "... the webhook's url and key are what they hold" "$(grep T0PSECRET "$NET/log" | tail -n 1)" '"path": "/ok/T0PSECRET".*"X-Portflow-Signature": "sha256='
chmod 644 "$WORK/etc/hook.url"
like "doctor: a secret that everybody can read" "$(pf doctor)" "warn +secret +everybody can read $WORK/etc/hook.url"
chmod 646 "$WORK/etc/hook.url"
pf_run notify test hook
is "one that everybody can write is not used" "$rc $out" "1 hook: not accepted: the url of [notify hook]: $WORK/etc/hook.url: everybody can write it"
chmod 640 "$WORK/etc/hook.url"
ini_sed 's|^url_file = .*|url = https://good.test/ok/T0PSECRET|'
chmod 644 "$INI"
like "doctor: one in an INI that everybody can read" "$(pf doctor)" "warn +secret +everybody can read $INI, and a secret of \[notify hook\] is in it"
chmod 640 "$INI"
unlike "... else nothing" "$(pf doctor)" '^warn +secret'

# Credentials, as LoadCredential= of systemd gives them to the services.
ini_sed -e '/^url = /d' -e '/^secret_file/d'
CREDENTIALS=$WORK/credentials
mkdir -m 700 "$CREDENTIALS"
echo https://good.test/ok/T0PSECRET >"$CREDENTIALS/hook.url"
like "check: a secret that no key names must be a credential" "$(pf check 2>&1)" 'warning: \[notify hook\] has no "url": it must come as the credential hook.url'
pf_ok apply
like "apply, by hand: says so too" "$err" '\[notify hook\] has no "url": it must come as the service.s credential hook.url'
pf_run notify test hook
like "... who has none cannot send" "$rc $out" '^1 hook: not accepted: .*there is no service credential hook.url$'
CREDENTIALS_DIRECTORY=$CREDENTIALS pf_run notify test hook
is "the service has it" "$rc $out$err" "0 hook: accepted"
CREDENTIALS_DIRECTORY=$CREDENTIALS pf_run apply
unlike "... and nothing is missed" "$err" credential
for what in sample status "notify list" "db check"; do
	# shellcheck disable=SC2086 # words of a command
	CREDENTIALS_DIRECTORY=$CREDENTIALS pf_run $what
	is "$what says nothing of it, each time anew" "$rc$err" 0
done
rm -r "$WORK/etc/portflow.d"
INI=$WORK/portflow.ini

# -- proxies -------------------------------------------------------------------------------------------------------------------------
ini <<END
[portflow]
node = hk1
timezone = UTC
notify = hook, mail
[port web]
ports = 53
[notify hook]
type = webhook
url = https://good.test/ok
ca_file = $NET/ca.pem
proxy = http://127.0.0.1:8080
$(mail_section ops@good.test)
proxy = socks5h://127.0.0.1:1080
END
pf_run notify test
is "a proxy for each target" "$rc $out" "0 hook: accepted
mail:ops@good.test: accepted"
is "... which was asked" "$(grep -oE '"where": "(proxy|socks)", [^}]*"target": "[^"]*"' "$NET/log" | sed 's/"where": "\([a-z]*\)".*"target": "\(.*\)"/\1 \2/' | sort | xargs)" \
	"proxy good.test:443 socks good.test"

# -- a quota of several entries, and a mail server that asks for patience -------------------------------------------------------------
rm -f "$NET"/mail/*
fresh
ini <<END
[portflow]
node = hk1
timezone = UTC
notify = ops
[port web]
ports = 53
[port game]
ports = 54
[quota plan]
entries = web, game
quota = 100KB
quota_alerts = 50%, 90%
remark = Alice
notify = mail:greylist@good.test
$(ops_section)
$(mail_section)
END
pf_ok apply
before=$(told)
applied=$(date +%s)
wait_for '[ "$(date +%s)" -gt $applied ]' # a rate takes time
udp_in 4 53 40 972
udp_in 4 54 20 972
pf_ok sample
is "a [quota] has recipients of its own" "$(told) $(waiting)" "$before 1"
like "... whose mail server has no time now (450): it waits" "$(pf notify list)" ' mail:greylist@good.test +1 .*next try .*says: 450 4.2.0 greylisted'
pf_ok sample
is "... for a minute at least" "$(mails)" 0
pf_ok notify flush
is "... and is taken then" "$(mails) $(waiting)" "1 0"
text=$(read_mail "$NET"/mail/*.eml)
like "the text says which entries share it" "$text" '^\[hk1\] plan: 50 % of the quota used\|.*quota web, game .* Alice'
like "... what is used, what passes just now, and the day of the reset" "$text" ' 60 %  60.0 kB / 100 kB\|rate: in [1-9][0-9.]* k?bit/s, out 0 bit/s\|resets 20'

# -- a database that is put back ------------------------------------------------------------------------------------------------------
telegram_down
nft delete table inet portflow
pf_ok sample
is "a message waits" "$(waiting)" 1
pf_ok db backup "$WORK/backup.db"
pf_ok db restore "$WORK/backup.db"
like "what waited in a backup is not sent by itself: it may have been long ago" "$err" '1 message that waited in it is given up: portflow notify list'
like "... and listed" "$(pf notify list)" ' ops +1 .* given up +it waited in a database that was restored'
telegram_up
before=$(told)
pf_ok apply
pf_ok sample
is "... no run sends it" "$(told)" "$before"
pf_ok notify flush "$(sqlite3 "$DB" 'SELECT DISTINCT letter FROM outbox')"
is "... but who wants it" "$(told)" $((before + 1))

# -- a cycle that is over ------------------------------------------------------------------------------------------------------------
fresh
rm -f "$NET"/mail/*
nft delete table inet portflow 2>/dev/null
ini <<END
[portflow]
node = hk1
timezone = UTC
notify = mail
[port web]
ports = 53
quota = 100KB
[notify mail]
type = email
url = smtp://good.test:25
tls = off
from = portflow@good.test
to = ops@good.test
events = cycle
language = zh
END
touch -d 2000-01-01 "$INI"
at_ok '2027-01-10 12:00' apply
udp_in 4 53 40 972
at_ok '2027-01-20 12:00' sample
at_ok '2027-02-01 00:00' sample
like "the bar of a closed cycle is of that cycle" "$(read_mail "$NET"/mail/*.eml)" '^\[hk1\] web: 周期结束：40.0 kB\|.* 40 %  40.0 kB / 100 kB\|+$'

# -- tries, and when it is enough ----------------------------------------------------------------------------------------------------
ini <<END
[portflow]
node = hk1
timezone = UTC
notify = dead, busy
[port web]
ports = 53
quota = 100KB
quota_alerts = 50%
[notify dead]
type = webhook
url = http://good.test:39/x
events = quota
[notify busy]
type = webhook
url = http://good.test/broken
events = quota
END
touch -d 2000-01-01 "$INI"
fresh
nft delete table inet portflow 2>/dev/null
start=$(moment '2027-01-10 12:00')
at_ok "$start" apply
udp_in 4 53 60 972
now=$((start + 60))
waits=''
for _ in {1..11}; do
	at_ok $now sample
	waits+=" $(($(of_db 'SELECT min(next) FROM outbox') - now))"
	at_ok $((now + 1)) sample
	now=$(of_db 'SELECT max(next) FROM outbox')
done
is "each try waits twice as long as the one before, and six hours at most" "$waits" " 60 120 240 480 960 1920 3840 7680 15360 21600 21600"
is "... and none comes before its time" "$(of_db 'SELECT group_concat(tries) FROM outbox')" 11,11
at_ok $((start + 6 * 86400)) sample
like "after five days what a service refused is given up" "$err" 'a message to busy is given up: in vain for 5 days: good.test:80 says: HTTP 500'
is "... but not what never reached it" "$(of_db 'SELECT target FROM outbox WHERE parked = 0')" dead
at_ok $((start + 32 * 86400)) sample
like "... that is after thirty" "$err" 'a message to dead is given up: in vain for 30 days: good.test:39 cannot be reached'
done_testing
