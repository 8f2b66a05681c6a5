#!/bin/bash
# The services that cannot be reached here: what portflow sends each is held to what the service publishes, for one event and for hundreds, in
# both languages, with a remark that tries everything.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
$PYTHON -c 'import jsonschema' 2>/dev/null || skip_all "python3-jsonschema is not installed"
command -v openssl >/dev/null || skip_all "openssl is not installed"
net_up && exact_segments || exit 1
NET=$WORK/net
mkdir -p "$NET"
chmod 755 "$WORK" "$NET"
SERVICES=$("$PYTHON" -c 'import json, sys; print(*json.load(open(sys.argv[1])))' "$SYSTEM/lib/services.json")
{ cat /etc/hosts; for s in $SERVICES; do echo "127.0.0.3 $s.test"; done; } >"$NET/hosts"
service_user
mount --bind "$NET/hosts" /etc/hosts || exit 1
# shellcheck disable=SC2086 # a word each
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=services" -addext "subjectAltName=$(printf 'DNS:%s.test\n' $SERVICES | paste -sd,)" \
	-keyout "$NET/good.key" -out "$NET/good.pem" 2>"$NET/openssl" || { cat "$NET/openssl"; exit 1; }
chmod 644 "$NET/good.pem"
"$PYTHON" "$SYSTEM/lib/services.py" "$NET" 127.0.0.3 >"$NET/ready" 2>"$NET/services.err" &
wait_for "grep -qs ready $NET/ready" || diag <"$NET/services.err"

declare -A more=(
	[wecom]='url = https://wecom.test/cgi-bin/webhook/send?key=K'
	[bark]='url = https://bark.test/KEY'
	[ntfy]=$'url = https://ntfy.test/my-topic\ntoken = TK'
	[discord]='url = https://discord.test/api/webhooks/1/T'
	[feishu]=$'url = https://feishu.test/open-apis/bot/v2/hook/K\nsecret = S'
	[dingtalk]=$'url = https://dingtalk.test/robot/send?access_token=K\nsecret = S'
	[gotify]=$'url = https://gotify.test\ntoken = TK'
	[slack]='url = https://slack.test/services/T/B/K'
	[matrix]=$'url = https://matrix.test\ntoken = TK\nroom = !abc:matrix.test'
)
is "each service has its rules" "$(printf '%s\n' "${!more[@]}" | sort | xargs)" "$(tr ' ' '\n' <<<"$SERVICES" | sort | xargs)"
is "... and none is forgotten" "$(sed -n 's/^NOTIFIER(\([a-z]*\),.*/\1/p' "$ROOT/src/model/notifiers.def" | grep -vxE 'telegram|email|webhook|exec' | sort | xargs)" "$(tr ' ' '\n' <<<"$SERVICES" | sort | xargs)"
config() { # LANGUAGE ENTRIES
	{
		printf '[portflow]\nnode = hk1\nlanguage = %s\nnotify = %s\n' "$1" "$(tr ' ' ',' <<<"$SERVICES")"
		for s in $SERVICES; do printf '[notify %s]\ntype = %s\nca_file = %s\n%s\n' "$s" "$s" "$NET/good.pem" "${more[$s]}"; done
		for i in $(seq "$2"); do
			printf '[port p%s]\nports = %s\nquota = 1KB\nquota_alerts = 50%%\nremark = %s\n' "$i" $((1000 + i)) \
				'<at user_id="all"></at> **@everyone** <!channel> [x](http://evil) \ " &amp; 小艾 `code` <script>'
		done
	} | ini
}
wrong() { "$PYTHON" -c 'import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["wrong"]: print(r["service"], r["wrong"])' "$NET/services.log"; }
asked() { "$PYTHON" -c 'import json, sys; print(*sorted(json.loads(l)["service"] for l in open(sys.argv[1])))' "$NET/services.log"; }
for language in en zh; do
	config $language 1
	: >"$NET/services.log"
	pf_run notify test
	is "$language: a test message" "$rc $(grep -c ': accepted$' <<<"$out")" "0 9"
	for count in 1 300; do
		fresh
		config $language $count
		pf_ok apply
		: >"$NET/services.log"
		for i in $(seq $count); do udp_in 4 $((1000 + i)) 1 700; done
		pf_ok sample
		is "$language: $count events: each is asked once" "$(asked)" "$(tr ' ' '\n' <<<"$SERVICES" | sort | xargs)"
		is "... as it publishes" "$(wrong)" ""
		is "... and took it" "$(pf notify list)" "Nothing waits for delivery."
	done
	pf_run notify send
	is "$language: the status of 300 entries" "$rc $(wrong)" "0 "
done
ini_sed 's/^room = .*/room = !other:matrix.test/'
pf_run notify test matrix
is "a request that is not as published is refused here too: this test can fail" "$rc" 1
done_testing
