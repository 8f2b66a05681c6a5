#!/bin/bash
# The message about a block gets out: what portflow-net sends, what it asks for names, and the answers pass every block and limit, over both
# families, and are counted. Everything else stays blocked. Web, mail and name servers are real ones behind the block.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
$PYTHON -c 'import aiosmtpd' 2>/dev/null || skip_all "python3-aiosmtpd is not installed"
command -v openssl >/dev/null || skip_all "openssl is not installed"
net_up && exact_segments || exit 1
nft delete table inet sink && in_peer nft delete table inet sink # answers of name servers are UDP
NET=$WORK/net
mkdir -p "$NET/mail"
chmod 755 "$WORK" "$NET"
USER_ID=7066 RESOLVER=7053 OTHER=7077

{ grep -v '^portflow:' /etc/passwd; echo "portflow:x:$USER_ID:$USER_ID::/nonexistent:/usr/sbin/nologin"; } >"$NET/passwd"
echo "127.0.0.1 localhost" >"$NET/hosts"
echo "nameserver $THERE4" >"$NET/resolv.conf"
for f in hosts passwd resolv.conf; do mount --bind "$NET/$f" "/etc/$f" || exit 1; done
resolv() { printf 'nameserver %s\noptions timeout:1 attempts:2\n' "$1" >/etc/resolv.conf; }
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

start() { # NAME COMMAND...: until it says that it is ready; sets started
	rm -f "$NET/$1.ready"
	"${@:2}" >"$NET/$1.ready" 2>"$NET/$1.err" &
	started=$!
	wait_for "grep -qs ready $NET/$1.ready" || diag <"$NET/$1.err"
}
stop() { kill "$1" && wait "$1" 2>/dev/null; }
start servers in_peer "$PYTHON" "$SYSTEM/lib/servers.py" "$NET" ""
echo 46 >"$NET/families"
start names in_peer "$PYTHON" "$SYSTEM/lib/names.py" serve "$NET" "$THERE4" "$THERE6"
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start

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
as() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
reach() { # UID ADDRESS PORT: does a connection of that user come about?
	as "$1" timeout $((3 * SLOW)) "$PYTHON" -c 'import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
print("yes")' "$2" "$3" 2>/dev/null || echo no
}
ask() { # UID SERVER [LOCAL_PORT]: does that user get an answer about good.test?
	as "$1" timeout $((3 * SLOW)) "$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[2])))
s.settimeout(0.5)
s.connect((sys.argv[1], 53))
s.send(bytes.fromhex("123401000001000000000000") + b"\x04good\x04test\0" + bytes.fromhex("00010001"))
print("yes" if s.recv(512)[:2] == b"\x12\x34" else "odd")' "$2" "${3:-0}" 2>/dev/null || echo no
}
use_up() { udp_in 4 9 220 972; } # 220 kB; the first packets that are over are dropped
set_listing() { nft -j list set inet portflow "$1"; }
elements() { set_listing "$1" | "$PYTHON" -c 'import json, sys
print(len(json.load(sys.stdin)["nftables"][1]["set"].get("elem", [])))'; }
rules() { nft -s list table inet portflow 2>/dev/null | grep -Ec 'skuid|answer'; }

blocking() {
	config <<-END
		[interface machine]
		quota = 200KB
		quota_action = block
		quota_alerts = 100%
	END
}

# -- only where it is of use ------------------------------------------------------------------------------------------------------
config <<-END
	[interface machine]
	quota = 200KB
END
pf_ok apply
is "nothing is limited: no rule for messages" "$(rules)" 0
config <<-END
	[interface machine]
	limit_out = 100mbit
END
ini_sed '/^notify = /d; /^\[notify/,$d'
pf_ok apply
is "no target: no rule for messages" "$(rules)" 0
printf '[notify program]\ntype = exec\ncommand = /bin/true\n' >>"$INI"
pf_ok apply
is "a program alone: no rule for messages" "$(rules)" 0
fresh

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
	for port in 443 587; do
		is "... port $port: nobody else reaches it" "$(reach $OTHER "$(there $family)" $port) $(reach 0 "$(there $family)" $port)" "no no"
	done
	is "... nor is anybody else told a name" "$(ask $OTHER "$(there $family)") $(ask 0 "$(there $family)")" "no no"
	is "... the service user is" "$(reach $USER_ID "$(there $family)" 443) $(ask $USER_ID "$(there $family)")" "yes yes"
	pf_run notify test
	is "... notify test passes" "$rc" 0
done

# -- what may come in -----------------------------------------------------------------------------------------------------------
fresh
echo 4 >"$NET/families"
resolv "$THERE4"
blocking
pf_ok apply
oracle_total
oracle_in udp "meta l4proto udp"
oracle_load behind
passed() { # IN|OUT [COUNTER]: bytes behind the block
	nft list counter inet oracle "o_${2:-.total}.$1" | sed -n 's/.*bytes \([0-9]*\).*/\1/p'
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
element=$(set_listing answer4 | "$PYTHON" -c 'import json, sys
e = json.load(sys.stdin)["nftables"][1]["set"]["elem"]
print(*[x["elem"]["val"]["concat"] for x in e if x["elem"]["val"]["concat"][1] == 443][0])')
read -r _ _ local_port <<<"$element"
stray() { # FROM_PORT TO_PORT: how many of ten packets of the server come in
	local before
	before=$(passed in udp)
	in_peer "$TOOLS/datagram" -d $HERE4 -s "$1" -p "$2" -c 10 -l 100 -e >/dev/null 2>&1
	settle
	echo $((($(passed in udp) - before) / 128))
}
is "what the server sends to the very port comes in" "$(stray 443 "$local_port")" 10
is "the same server to another port is blocked" "$(stray 443 $((local_port + 1)))" 0
is "... and from another port" "$(stray 444 "$local_port")" 0

# -- nothing of it moves what is known of the table ----------------------------------------------------------------------------------
pf_ok sample
generation() { "$PYTHON" - <<-'END'
	import socket, struct
	s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
	s.send(struct.pack("=IHHIIBBH", 20, 10 << 8 | 16, 1, 1, 0, 0, 0, 0))
	b = s.recv(4096)
	at = 20
	while at < len(b):
	    n, t = struct.unpack_from("=HH", b, at)
	    if t == 1: print(struct.unpack_from(">I", b, at + 4)[0]); break
	    at += (n + 3) & ~3
	END
}
nft -e monitor >"$NET/monitor" 2>&1 &
monitor=$!
wait_for "awk '\$2 == 12 && \$4 ~ /40\$/ { found = 1 } END { exit !found }' /proc/net/netlink"
was=$(generation)
for family in 4 6; do
	is "the service user asks over IPv$family" "$(ask $USER_ID "$(there $family)")" yes
done
is "elements come without a new generation" "$(generation) $(elements answer6)" "$was 1"
pf_run sample
is "a sample finds nothing to do" "$rc $out $err" "0  "
pf_run apply --json
like "an apply neither" "$out" '"changes":0'
is "... nothing was sent" "$(generation)" "$was"
kill $monitor
wait $monitor 2>/dev/null
is "... and nobody heard of anything" "$(cat "$NET/monitor")" ""
{ echo "flush ruleset"; nft list ruleset; } >"$NET/saved"
is_ge "a saved table holds elements" "$(grep -c 'expires' "$NET/saved")" 1
ok "... and can be loaded" nft -f "$NET/saved"
pf_ok sample
pf_run apply --json
like "... as what it was" "$out" '"changes":0'
is "still blocked, still open for messages" "$(reach $OTHER $THERE4 443) $(reach $USER_ID $THERE4 443)" "no yes"

# -- mended ---------------------------------------------------------------------------------------------------------------------
listing() { # without what comes and goes
	nft 'flush set inet portflow answer4; flush set inet portflow answer6'
	nft -s list table inet portflow | sed '/counter canary {/,/^$/d' | sort # a set made anew comes last
}
whole=$(listing)
handle() { nft -a list chain inet portflow "$1" | sed -n "s/.*$2.*# handle //p" | head -n 1; }
damage() { # DESCRIPTION COMMAND...
	ok "damage: $1" sh -c "${*:2}"
	pf_ok sample
	is "... is mended" "$(listing)" "$whole"
	pf_run apply --json
	like "... wholly" "$out" '"changes":0'
	is "... and messages pass" "$(reach $USER_ID $THERE4 443) $(reach $OTHER $THERE4 443)" "yes no"
}
damage "the rule of the user goes" "nft delete rule inet portflow enforce_out handle $(handle enforce_out skuid)"
damage "another user instead" "nft replace rule inet portflow enforce_out handle $(handle enforce_out skuid) meta skuid $OTHER goto message_out"
damage "the rule that lets answers in goes" "nft delete rule inet portflow enforce_in handle $(handle enforce_in answer4)"
damage "nothing is noted" "nft flush chain inet portflow message_out"
damage "noted for ever" "nft 'flush chain inet portflow message_out; delete rule inet portflow enforce_in handle $(handle enforce_in answer4); delete set inet portflow answer4; add set inet portflow answer4 { type ipv4_addr . inet_service . inet_service; size 8192; flags dynamic,timeout; timeout 1h; }; add rule inet portflow enforce_in ip saddr . th sport . th dport @answer4 accept'"
damage "a time of its own" "nft replace rule inet portflow message_out handle $(handle message_out answer4) update @answer4 '{ ip daddr . th dport . th sport timeout 1h }'"

# -- resolvers of this machine ------------------------------------------------------------------------------------------------------
resolver() { # ADDRESS UID early|late: from now on; sets relay
	resolv "$1"
	start relay "$PYTHON" "$SYSTEM/lib/names.py" relay "$1" $THERE4 "$2" "$3"
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

# -- the service user, who sees less -----------------------------------------------------------------------------------------------
resolver 127.0.0.1 $RESOLVER late
pf_ok apply
chown -R $USER_ID:$USER_ID "$WORK/db"
chgrp $USER_ID "$INI" "$NET/mail.password" && mkdir -p /run/portflow && chown -R $USER_ID /run/portflow
nft delete table inet portflow
before=$(told)
setpriv --reuid $USER_ID --regid $USER_ID --clear-groups --inh-caps +net_admin --ambient-caps +net_admin --bounding-set +net_admin \
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
flood() { # the bucket of a limit of 8 kbit is used up for minutes: UDP out and in
	udp_out 4 9 200 1000 -e
	udp_in 4 9 200 1000
}
post() { # UID: 30 kB to a web server out there, within 3 s
	as "$1" timeout $((3 * SLOW)) "$PYTHON" -c 'import sys, urllib.request
urllib.request.urlopen("http://%s/ok" % sys.argv[1], b"x" * 30000).read()
print("yes")' $THERE4 2>/dev/null || echo no
}
limited() { # DESCRIPTION: a message is not slowed down by what was passed before
	local before ms
	flood
	is "$1: the service user passes, and nobody else" "$(post $USER_ID) $(post $OTHER)" "yes no"
	before=$(told)
	ms=$(elapsed pf notify test)
	note "$1: a message to each target took $ms ms"
	is "... messages arrive" "$(told)" "$(more "$before" 1)"
	is_le "... without waiting" "$ms" $((3000 * SLOW))
}
fresh
config police <<-END
	[interface machine]
	limit = 8kbit
END
pf_ok apply
limited "policed at 8 kbit"
fresh
config <<-END
	[interface machine]
	quota = 100KB
	quota_action = throttle 8kbit
END
pf_ok apply
flood
pf_ok sample
limited "throttled to 8 kbit"
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
