#!/bin/bash
# The JSON of the golden files is what docs/schema says, no field more or less; the check itself can fail.
# Other programs rely on these documents; the system tests hold real output to the same schemas.
# tests/run calls, from the top of the tree.
set -u
cd "$(dirname "$0")/../.." || exit 1
view=tests/golden/view
# Debian's package belongs to Debian's interpreter, which may not be the first of PATH.
python=/usr/bin/python3
[ -x $python ] || python=python3
$python -c 'import jsonschema' 2>/dev/null || { echo "1..0 # SKIP python3-jsonschema is not installed"; exit 0; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
n=0
ok() { # NAME COMMAND...
	local name=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf '%s\n' "$out" | sed 's/^/# /'
	fi
}
validate() { $python tests/golden/validate.py "docs/schema/$1.schema.json" "${@:2}"; }
refuse() { ! validate "$@" 2>/dev/null; }

ok "status" validate status $view/status.json $view/status-name.json $view/status-quotas.json
ok "report" validate report $view/report.json
ok "events" validate events $view/events.json
sed 's/"raw_bytes":/"rawbytes":/' $view/status.json >"$scratch/renamed.json"
ok "a renamed field is refused" refuse status "$scratch/renamed.json"
sed 's/"version":1,/"version":1,"extra":0,/' $view/report.json >"$scratch/extra.json"
ok "a field that is not documented is refused" refuse report "$scratch/extra.json"
sed 's/+08:00"/"/' $view/events.json >"$scratch/time.json"
ok "a time without offset is refused" refuse events "$scratch/time.json"
cat >"$scratch/all.ini" <<'END'
[portflow]
interface = eth0
own = 203.0.113.7
node = hk1
timezone = UTC
keep_days = 90d
keep_open = 22, udp/51820
notify = ops
[notify ops]
type = telegram
token = 1:a
chat_id = 7
[notify mail]
type = email
url = smtp://mail.example.com:587
from = a@example.com
to = b@example.com
[notify hook]
type = webhook
url = https://example.com/secret
[notify program]
type = exec
command = /bin/true
[port web]
ports = 80, 8000-9000
notify = mail, hook, program
remark = 网站
limit_in = 10mbit
quota = 100GB
quota_action = throttle 1mbit
expires = 2027-03-01 12:00
burst_rate = 50mbit
burst_limit = 5mbit
quota_cycle = 30d from 2026-01-15
[address all]
addresses = 192.0.2.5, 2001:db8::/64
[address dns]
addresses = 192.0.2.6
ports = 53
protocols = udp
quota_cycle = year
[interface nic]
interface = eth1
billing = max
limit = 20mbit
[quota shared]
entries = web
quota = 1TiB
END
for ini in "$scratch/all.ini" etc/portflow.ini; do
	"$PORTFLOW" -c "$ini" config show --json >"$scratch/config.json"
	ok "config show of $(basename "$ini")" validate config "$scratch/config.json"
done
sed 's/"kind":"port"/"kind":"host"/' "$scratch/config.json" >"$scratch/kind.json"
ok "an entry of a kind that is none is refused" refuse config "$scratch/kind.json"
echo "1..$n"
