#!/bin/bash
# The message about a block gets out: what portflow-net sends, what it asks for names, and the answers pass every block and limit, over both
# families, and are counted. Everything else stays blocked. Web, mail and name servers are real ones behind the block.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
$PYTHON -c 'import aiosmtpd' 2>/dev/null || skip_all "python3-aiosmtpd is not installed"
command -v openssl >/dev/null || skip_all "openssl is not installed"
net_up && exact_segments || exit 1
# shellcheck source=lib/users.sh
. "$SYSTEM/lib/users.sh"
mkdir -p "$NET/mail"

echo "127.0.0.1 localhost" >"$NET/hosts"
mount --bind "$NET/hosts" /etc/hosts || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=test authority" \
	-keyout "$NET/ca.key" -out "$NET/ca.pem" 2>"$NET/openssl" &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=good.test" -keyout "$NET/good.key" -out "$NET/good.csr" 2>"$NET/openssl" &&
	openssl x509 -req -in "$NET/good.csr" -CA "$NET/ca.pem" -CAkey "$NET/ca.key" -CAcreateserial -days 30 \
		-extfile <(echo "subjectAltName=DNS:good.test") -out "$NET/good.pem" 2>"$NET/openssl" || { cat "$NET/openssl"; exit 1; }
cp "$NET/good.pem" "$NET/other.pem" && cp "$NET/good.key" "$NET/other.key"
chmod 644 "$NET"/*.pem
printf 'secret\n' >"$NET/mail.password"
chmod 640 "$NET/mail.password"
touch "$NET/log"

start servers in_peer "$PYTHON" "$SYSTEM/lib/servers.py" "$NET" ""
echo 46 >"$NET/families"
start names in_peer "$PYTHON" "$SYSTEM/lib/outside.py" names "$NET" "$THERE4" "$THERE6"

# shellcheck disable=SC2120 # lib/users.sh passes one
config() { # [LIMIT_METHOD], stdin: sections beside the targets
	{
		printf '[portflow]\ninterface = %s\ntimezone = UTC\nnode = hk1\nnotify = web, mail\nlimit_method = %s\n' "$DEV" "${1:-auto}"
		cat
		cat <<-END
			[notify web]
			type = webhook
			url = https://good.test/ok
			ca_file = $NET/ca.pem
			[notify mail]
			type = email
			url = smtp://good.test:587
			from = portflow@good.test
			to = alice@good.test
			user = test
			password_file = $NET/mail.password
			ca_file = $NET/ca.pem
		END
	} | ini
}
posts() { grep -c '"path": "/ok"' "$NET/log"; }
mails() { find "$NET/mail" -name '*.eml' | wc -l; }
told() { echo "$(posts) $(mails)"; }
more() { awk -v n="$2" '{ print $1 + n, $2 + n }' <<<"$1"; } # BEFORE NUMBER
waiting() { sqlite3 "file:$DB?mode=ro" "SELECT count(DISTINCT letter) FROM outbox"; }
use_up() { udp_in 4 9 220 972; } # 220 kB; the first packets that are over are dropped
blocking() {
	config <<-END
		[interface machine]
		quota = 200KB
		quota_action = block
		quota_alerts = 100%
	END
}

# -- blocked: the message gets out, nothing else does -------------------------------------------------------------------------------
for family in 4 6; do
	fresh
	echo $family >"$NET/families"
	resolv "$(there $family)"
	blocking
	pf_ok apply
	use_up
	before=$(told)
	pf_ok sample
	like "IPv$family: blocked" "$(pf status --json)" '"state":"blocked"'
	is "... the message about it arrives, by web and mail" "$(told)" "$(more "$before" 1)"
	is "... none waits" "$(waiting)" 0
	like "... the name was asked for behind the block" "$(cat "$NET/names")" "$([ $family = 4 ] && echo '^10\.66\.0\.[12]' || echo '^fd66::[12]') good.test\$"
	rm "$NET/names"
	is "... nobody else reaches those servers" "$(reach $OTHER "$(there $family)" 443)$(reach 0 "$(there $family)" 587)" "nono"
	pf_run notify test
	is "... notify test passes" "$rc" 0
done

# -- counted ------------------------------------------------------------------------------------------------------------------
fresh
echo 4 >"$NET/families"
resolv "$THERE4"
blocking
pf_ok apply
oracle_total
oracle_load behind
passed() { # IN|OUT: bytes behind the block
	nft list counter inet oracle "o_.total.$1" | sed -n 's/.*bytes \([0-9]*\).*/\1/p'
}
figures() { # what passed in, out; what was counted in, out; at one moment: a server repeats the end of a connection for a while
	local before counted
	pf_ok sample
	while
		before="$(passed in) $(passed out)"
		counted=$(pf status --json | "$PYTHON" -c 'import json, sys
e = json.load(sys.stdin)["entries"][0]; print(e["in"]["bytes"], e["out"]["bytes"])')
		[ "$before" != "$(passed in) $(passed out)" ]
	do :; done
	echo "$before $counted"
}
use_up
figures=$(figures)
pf_ok notify test
figures+=" $(figures)"
is "what passes the block is counted" "$(awk '{ print $7 - $3, $8 - $4 }' <<<"$figures")" "$(awk '{ print $5 - $1, $6 - $2 }' <<<"$figures")"
is_ge "... a message's bytes" "$(awk '{ print $8 - $4 }' <<<"$figures")" 3000
is_ge "answers are let in by a set" "$(elements answer4)" 3

# -- resolvers of this machine ------------------------------------------------------------------------------------------------------
resolver() { # ADDRESS UID early|late: from now on; sets relay
	resolv "$1"
	start relay "$PYTHON" "$SYSTEM/lib/outside.py" relay "$1" $THERE4 "$2" "$3"
	relay=$started
}
stored() { sqlite3 "$DB" "SELECT value FROM meta WHERE key = 'resolver'"; }
message_passes() { # DESCRIPTION YES_OR_NO
	local before
	before=$(posts)
	pf_run notify test web
	is "$1" "$([ "$(posts)" = "$((before + 1))" ] && echo yes || echo no)" "$2"
}
resolver 127.0.0.53 $RESOLVER early
pf_ok apply
is "a resolver of this machine is found, and its user" "$(stored)" "$RESOLVER 127.0.0.53"
message_passes "... and asks behind the block" yes
is "... that user passes with questions alone" "$(ask $RESOLVER $THERE4) $(reach $RESOLVER $THERE4 443)" "yes no"
is "... nobody else does" "$(ask $OTHER $THERE4)" no
like "doctor says so" "$(pf doctor)" "messages +what portflow-net sends as user portflow passes every block and limit, and so do questions for names of user $RESOLVER \(127.0.0.53\)"
resolv $THERE4
cp /etc/nsswitch.conf "$NET/nsswitch" && sed -i 's/^hosts:.*/hosts: files resolve dns/' "$NET/nsswitch" && mount --bind "$NET/nsswitch" /etc/nsswitch.conf
nft delete table inet portflow
pf_ok apply
is "... also where the C library asks it by itself" "$(nft list chain inet portflow enforce_out | grep -c "skuid $RESOLVER")" 1
umount /etc/nsswitch.conf
pf_ok apply
is "... and not where nobody asks it" "$(nft list chain inet portflow enforce_out | grep -c "skuid $RESOLVER")" 0
resolv 127.0.0.53
stop $relay
pf_ok apply
is "before it runs, at boot, it is remembered" "$(nft list chain inet portflow enforce_out | grep -c "skuid $RESOLVER")" 1
resolver 127.0.0.1 $RESOLVER late
pf_ok apply
is "one that becomes another user when it has its port" "$(stored)" "$RESOLVER 127.0.0.1"
message_passes "... asks too" yes
crowd() { # SERVER: more questions at once than a set holds, each from a port of its own
	as $RESOLVER "$PYTHON" -c 'import socket, sys
for port in range(20000, 28300):
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", port))
    s.sendto(b"", (sys.argv[1], 853))
    s.close()' "$1"
}
for family in 4 6; do
	crowd "$(there $family)"
	is "IPv$family: anybody may have the resolver ask until there is no more room" "$(elements question$family)" 8192
	is "... it still gets its answers" "$(ask $RESOLVER "$(there $family)")" yes
	is "... from whom it asked, at both ports" "$(elements server$family)" 2
	is "... others get nothing from there" "$(ask $OTHER "$(there $family)" 28301)" no
done
message_passes "... and messages pass" yes

# -- a table of versions in which the resolver shared the sender's sets ---------------------------------------------------------------
counters() { nft -a list counters table inet portflow | sed -n '/canary/d; s/.*counter \(.*\) { # handle /\1 /p'; }
whole() { nft -s list chain inet portflow "$1"; }
were=$(counters) was=$(whole enforce_in)$(whole enforce_out)$(whole question_out)
before=$(pf status --json | "$PYTHON" -c 'import json, sys
print(json.load(sys.stdin)["entries"][0]["in"]["bytes"])')
nft -f - <<-END
	flush chain inet portflow enforce_out
	flush chain inet portflow question_out
	delete chain inet portflow question_out
	$(nft -a list chain inet portflow enforce_in | sed -nE 's/.*@(question|server).*# handle (.*)/delete rule inet portflow enforce_in handle \2/p')
	delete set inet portflow question4
	delete set inet portflow question6
	delete set inet portflow server4
	delete set inet portflow server6
	add rule inet portflow enforce_out meta skuid $SENDER goto message_out
	add rule inet portflow enforce_out th dport @dns meta skuid $RESOLVER goto message_out
END
pf_ok sample
is "a table in which they shared sets is mended" "$(whole enforce_in)$(whole enforce_out)$(whole question_out)" "$was"
is "... its counters stay" "$(counters)" "$were"
is_ge "... with what they counted" "$(pf status --json | "$PYTHON" -c 'import json, sys
print(json.load(sys.stdin)["entries"][0]["in"]["bytes"])')" "$before"
message_passes "... and messages pass" yes
if command -v strace >/dev/null; then
	ok "who looks" strace -f -e trace=openat -o "$NET/trace" "$PORTFLOW" -c "$INI" status
	unlike "... takes it from the database, and looks at no process" "$(cat "$NET/trace")" '/proc/[0-9]+/fd'
	like "... but resolv.conf" "$(cat "$NET/trace")" '/etc/resolv.conf'
	ok "who applies" strace -f -e trace=openat -o "$NET/trace" "$PORTFLOW" -c "$INI" apply
	like "... looks at them" "$(cat "$NET/trace")" '/proc/[0-9]+/fd'
fi
stop $relay
for family in 4 6; do
	[ $family = 4 ] && here=$HERE4 any=0.0.0.0 || here=$HERE6 any=::
	resolver $any $RESOLVER early
	resolv "$here"
	pf_ok apply
	is "one on every address, named by this machine's own of IPv$family" "$(stored)" "$RESOLVER $here"
	message_passes "... asks as well" yes
	like "... doctor knows it" "$(pf doctor)" "so do questions for names of user $RESOLVER \($here\)"
	stop $relay
done
resolver 127.0.0.1 $OTHER early
pf_ok apply
is "somebody who is no daemon does not become the resolver" "$(nft list chain inet portflow enforce_out | grep -c "skuid $OTHER")" 0
like "... which doctor says" "$(pf doctor)" "messages +names are to be resolved by a server of this machine, and no service listens there"
stop $relay
resolver ::1 0 early
pf_ok apply
is "root's is found" "$(stored)" "0 ::1"
is "... and gets no rule" "$(nft list chain inet portflow enforce_out | grep -c skuid)" 1
message_passes "... so its questions are blocked" no
like "doctor says why" "$(pf doctor)" "messages +names are resolved by ::1, which runs as root: its questions are blocked"
stop $relay
resolv $THERE4
pf_ok apply
message_passes "a server outside" yes
sed 's|^url = smtp.*|url = smtp://127.0.0.1:25|' "$INI" >"$WORK/local.ini" && chmod 640 "$WORK/local.ini"
like "doctor: a mail server of this machine is no way out" "$(pf -c "$WORK/local.ini" doctor)" "messages +messages of \[notify mail\] are sent on by a program of this machine \(127.0.0.1\): blocks and limits hold for it"
unlike "... one elsewhere is" "$(pf doctor)" "sent on by a program"

# -- the service user, who sees less -----------------------------------------------------------------------------------------------
resolver 127.0.0.1 $RESOLVER late
pf_ok apply
chown -R $SENDER:$SENDER "$WORK/db"
chgrp $SENDER "$INI" "$NET/mail.password" && mkdir -p /run/portflow && chown -R $SENDER /run/portflow
nft delete table inet portflow
before=$(told)
setpriv --reuid $SENDER --regid $SENDER --clear-groups --inh-caps +net_admin --ambient-caps +net_admin --bounding-set +net_admin \
	timeout $((60 * SLOW)) "$PORTFLOW" -c "$INI" sample >"$WORK/service.log" 2>&1
is "the timer's run makes the same table" "$? $(nft list chain inet portflow enforce_out | grep -c skuid)" "0 2"
is "... and tells of it" "$(told)" "$(more "$before" 1)"
chown -R 0:0 "$WORK/db" /run/portflow
stop $relay
resolv $THERE4

# -- limits -----------------------------------------------------------------------------------------------------------------------
elapsed() { # COMMAND...: milliseconds
	local began
	began=$(date +%s%3N)
	"$@" >/dev/null 2>&1
	echo $(($(date +%s%3N) - began))
}
limited() { # DESCRIPTION: a message is not slowed down by what was passed before
	local before ms
	flood
	before=$(told)
	ms=$(elapsed pf notify test)
	note "$1: a message to each target took $ms ms"
	is "$1: messages arrive" "$(told)" "$(more "$before" 1)"
	is_le "... without waiting" "$ms" $((3000 * SLOW))
}
fresh
policed
fresh
throttled
fresh
config <<-END
	[interface machine]
	quota = 200KB
	quota_cycle = day
	quota_action = block
	[port own]
	ports = 1024-65535
	expires = 2020-01-01
END
pf_ok apply
before=$(told)
pf_run notify test
is "an expired section over its ports" "$(told)" "$(more "$before" 1)"
is "... holds for others" "$(reach $OTHER $THERE4 443)" no
done_testing
