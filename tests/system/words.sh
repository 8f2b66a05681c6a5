#!/bin/bash
# `-v apply` shows each change as the nft or tc command that does the same.
# Typed into an empty machine, they make the same table.
# `make check` runs it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_program
net_up || exit 1

service_user
ini <<E1
[portflow]
interface = $DEV
own = 203.0.113.7, 2001:db8:1::/48
[port web]
ports = 80, 8000-9000
limit = 10mbit
[port sctp]
ports = 5000
protocols = sctp
[address me]
addresses = $ALSO4, 2001:db8::/64
[address pair]
addresses = $ALSO4, $ALSO6
ports = 443
limit_out = 20mbit
[interface all]
interface = $DEV
limit_out = 1gbit
[notify ops]
type = webhook
url = https://example.com/secret
E1
sed -i '/^\[address me\]/,/^addresses/s/^addresses = .*/addresses = 2001:db8::\/64/' "$INI"

listing() { nft -s list table inet portflow | sed '/counter canary {/,/^$/d'; }

pf_ok -v apply
sed -n 's/.*\[#\] //p' <<<"$err" >"$WORK/commands"
listing >"$WORK/ours"
is "messages pass: in the rules that limit, and in those that name classes" "$(grep -c 'skuid 7066' "$WORK/commands")" 2
is_ge "commands are shown" "$(wc -l <"$WORK/commands")" 50
nft flush ruleset
tc qdisc del dev "$DEV" root 2>/dev/null
ok "a shell, tc and nft take them" sh -e "$WORK/commands"
listing >"$WORK/typed"
is "they make the same table" "$(diff "$WORK/ours" "$WORK/typed")" ""
pf_ok apply
pf_run -v apply
unlike "nothing to do, nothing shown" "$err" '\[#\]'
done_testing
