#!/bin/bash
# portflow-net and the children that carry messages: what each kind of server does to them, and what they may do themselves.
# make check-system runs it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/ask.sh
. "$SYSTEM/lib/ask.sh"
servers

# -- HTTP ---------------------------------------------------------------------------------------------------------------
web https://good.test/ok/path
came "https: an answer" "answered 200"
like "its body" "$answer" 'body="\{"ok":true\}"'
request=$(tail -n 1 "$NET/log")
like "the request is what was asked for" "$request" '"where": "https", "method": "POST", "path": "/ok/path".*"Content-Type": "application/json".*"body": "\{\\"a\\":1\}"'
like "it says who asks" "$request" '"User-Agent": "portflow/[0-9]'
unlike "it says nothing that was not asked for" "$request" 'Expect|Cookie|Accept-Encoding|form-urlencoded'
web http://good.test/empty method=PUT
came "http without TLS, another method, an answer without a body" "answered 204"
like "the method arrived" "$(tail -n 1 "$NET/log")" '"method": "PUT"'
web https://good.test/later
came "429: how long to wait, and what was said" "answered 429 retry=17" '^good.test:443 says: HTTP 429 \{'
web https://good.test/date
like "503 until a date" "$answer" '^0 answered 503 retry=(3600|359[0-9]) '
web https://good.test/broken
came "500" "answered 500" 'HTTP 500 oops'
web https://good.test/echo/SECRETSECRET 'header=Authorization: Bearer TOKENTOKEN'
came "a server that repeats what it was sent" "answered 404" '^good.test:443 says: HTTP 404 no /echo/\(hidden\) for Bearer \(hidden\)  at all$'
unlike "no secret is in the answer, its body included" "$answer" 'SECRET|TOKEN'
web https://good.test/redirect
came "a redirect to another host is told, not followed" "answered 302" 'on to https://elsewhere.test \(HTTP 302\)' 'into url'
unlike "the path of the other place is nobody's business" "$answer" 'secret-of'
web https://good.test/moved/SECRETSECRET
came "one to another port of the same host, with its path" "answered 301" 'on to http://good.test:8081/new/\(hidden\) \(HTTP 301\)' 'into url'
web https://good.test/reset
came "reset after the request" "unsure 0" 'reset'
web https://good.test/close
came "closed without an answer" "unsure 0" 'without an answer'
web https://good.test/garbage
came "garbage" "unsure 0" 'no HTTP'
web https://good.test/short
came "an answer that ends too early" "answered 200 curl=18 cut"
web https://good.test/huge
came "a body without end" "answered 200 curl=23 cut"
is "of which 64 KiB are kept" "$(field body | tr -d '\n' | wc -c)" 65536
web https://good.test/heads
came "headers without end" "answered 200 curl=23 cut"
web https://good.test:82/ok
came "nobody listens" "not_sent 0" '^good.test:82 cannot be reached: Connection refused$'
web https://nowhere.test/ok
came "no such name" "not_sent 0" 'name nowhere.test could not be resolved'

# -- whom TLS trusts ----------------------------------------------------------------------------------------------------
ask_one kind=0 url=https://good.test/ok
came "an authority that the system does not know" "not_sent 0" 'certificate of good.test:443 is not accepted' 'ca_file = '
web https://good.test:444/ok
came "an authority that the file does not name" "not_sent 0" 'certificate of good.test:444 is not accepted' 'ca_file = '
web https://other.test/ok
came "a certificate for another name" "not_sent 0" "other.test" 'as its certificate does'
web https://127.0.0.1/ok
came "an address where the certificate has a name" "not_sent 0" '127.0.0.1' 'as its certificate does'
is "none of these requests reached a server" "$(grep -cE '"where": "other"|other.test' "$NET/log")" 0
web https://good.test/ok ca_file=/nonexistent
came "a missing ca_file" "impossible 0" '^ca_file /nonexistent: No such file'
chmod 600 "$NET/wrong-ca.pem"
web https://good.test/ok "ca_file=$NET/wrong-ca.pem"
came "a ca_file that the service user may not read" "impossible 0" 'wrong-ca.pem: Permission denied'
web https://good.test/ok ca_file=/etc/passwd
came "a ca_file that is none" "impossible 0" 'holds no certificate'
# Both the system's authorities and ours: the one that signed other.pem is among the system's for a moment.
bundle=$(curl-config --ca)
if [ -e "$bundle" ]; then
	cat "$bundle" "$NET/wrong-ca.pem" >"$NET/bundle.pem"
	mount --bind "$NET/bundle.pem" "$bundle"
	web https://good.test:444/ok
	came "a ca_file does not take away the system's authorities" "answered 200"
	umount "$bundle"
fi

# -- what a request may not ask for -------------------------------------------------------------------------------------
for url in ftp://good.test/ok file:///etc/passwd smtp://good.test gopher://good.test:80/ nonsense ''; do
	web "$url"
	like "as a webhook: \"$url\"" "$answer" '^0 impossible 0 .*error="the url (begins with|names no host|is none)'
done
for url in https://good.test smtp://good.test/path smtp://user:pass@good.test; do
	mail "$url"
	like "as a mail server: \"$url\"" "$answer" '^0 impossible 0 .*error="the url '
	unlike "its login stays hidden" "$answer" 'pass'
done
web https://good.test/ok 'header=X: a\r\nY: b'
came "a header that begins another" "impossible 0" 'control character'
web https://good.test/ok 'header=X'
came "a header that is none" "impossible 0" 'no header'
web https://good.test/ok 'method=GET / HTTP/1.1'
came "a method that is none" "impossible 0" 'method is none'
mail smtp://good.test:587 'to=a@good.test\r\nRCPT TO:<b@good.test>'
came "a recipient with a line end" "impossible 0" 'recipient is no address'
mail smtp://good.test:587 'header=Subject: a\r\nBcc: b@good.test'
came "a subject with a line end" "impossible 0" 'control character'
http_proxy=http://127.0.0.1:8080 https_proxy=http://127.0.0.1:8080 ALL_PROXY=http://127.0.0.1:8080 web https://good.test/ok
is "a proxy of the environment is not asked" "$(grep -c '"where": "proxy"' "$NET/log")" 0

# -- proxies ------------------------------------------------------------------------------------------------------------
web https://good.test/ok proxy=http://127.0.0.1:8080 'header=Authorization: Bearer TOKENTOKEN'
came "through an HTTP proxy" "answered 200"
like "which was asked for a tunnel" "$(grep '"where": "proxy"' "$NET/log")" '"CONNECT", "target": "good.test:443"'
unlike "and saw no header of ours" "$(grep '"where": "proxy"' "$NET/log")" 'TOKEN|application/json'
web https://refused.test/ok proxy=http://127.0.0.1:8080
came "a proxy that refuses" "not_sent 0" '403'
web https://good.test/ok proxy=http://user:PROXYPASS@127.0.0.1:82
came "no proxy there" "not_sent 0" '^the proxy cannot be reached: Connection refused$'
mail smtps://good.test:465 proxy=socks5h://127.0.0.1:1080
came "mail through SOCKS" "answered 250"
like "whose server resolves the name" "$(grep '"where": "socks"' "$NET/log")" '"target": "good.test"'
web https://good.test/ok proxy=socks4://127.0.0.1:1080
came "another kind of proxy" "impossible 0" 'http:// nor with socks5h://'

# -- mail ---------------------------------------------------------------------------------------------------------------
rm -f "$NET"/mail/*
newest() { find "$NET/mail" -name "*.$1" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2; }
mail smtp://good.test:587
came "STARTTLS and login" "answered 250"
like "the server saw both" "$(cat "$(newest json)")" '"from": "portflow@good.test", "to": \["ops@good.test"\].*"tls": true, "login": true'
like "EHLO names this machine" "$(cat "$(newest json)")" "\"ehlo\": \"$(hostname)\""
mail smtps://good.test:465
came "TLS from the first byte" "answered 250"
plain_mail smtp://good.test:25
came "a relay next door, in clear" "answered 250"
is "three mails lie there" "$(find "$NET/mail" -name '*.eml' | wc -l)" 3
mail smtp://good.test:587 password=wrongword
came "a wrong password" "answered 535" '^good.test:587 refuses the login: 535 5.7.8 ' 'user and password'
ask_one "${ENVELOPE[@]}" url=smtp://good.test:587 "ca_file=$CA"
came "no login where one is wanted" "answered 530" 'says: 530 5.7.0 ' 'wants a login'
mail smtp://good.test:587 to=temp451@good.test
came "a recipient for whom it is too early" "answered 451" 'says: 451 4.3.0 temporary failure'
mail smtp://good.test:587 to=greylist@good.test
came "greylisted" "answered 450" 'says: 450'
mail smtp://good.test:587 to=greylist@good.test
came "and taken the next time" "answered 250"
mail smtp://good.test:587 to=perm550@good.test
came "a recipient that does not exist" "answered 550" 'says: 550 5.1.1 no such user$'
mail smtp://good.test:587 "header=X-Test: full"
came "refused after the text" "answered 452" 'says: 452 4.2.2 mailbox full'
plain_mail smtp://good.test:31
came "too busy at the greeting" "answered 421" 'says: 421 4.7.0 too busy'
plain_mail smtp://good.test:32
came "sent away at the greeting" "answered 554" 'says: 554 5.7.1 go away'
plain_mail smtp://good.test:33
came "taken in whole, then closed without a word" "unsure 0" 'closed in the middle'
plain_mail smtp://good.test:34
came "closed before the text" "not_sent 0" 'closed in the middle'
plain_mail smtp://good.test:40
came "a greeting without end, all at once" "not_sent 0 curl=23" '^what good.test:40 says has no end$'
plain_mail smtp://good.test:35
came "garbage" "not_sent 0" 'good.test:35'
plain_mail smtp://good.test:38 user=test password=secret
came "a reply of two lines that repeats the password" "answered 550" 'says: 550 5.7.1 pass \(hidden\) of test 5.7.1 is bad$'
mail smtp://good.test:39
came "nobody listens" "not_sent 0" 'good.test:39 cannot be reached: Connection refused'
mail smtp://good.test:588
came "STARTTLS with an authority nobody knows" "not_sent 0" 'certificate of good.test:588 is not accepted' 'ca_file'
mail smtps://other.test:465
came "a certificate for another name" "not_sent 0" 'other.test' 'as its certificate does'
mail smtp://good.test:25
came "no STARTTLS offered: nothing goes in clear" "not_sent 0" 'good.test:25 offers no STARTTLS' 'smtps://good.test:465'
mail smtps://good.test:587
came "587 with TLS from the first byte: what to write instead" "not_sent 0" 'TLS with good.test:587 fails' 'url = smtp://good.test:587$'
is "of all that failed no mail was stored" "$(find "$NET/mail" -name '*.eml' | wc -l)" 4

# What arrives is what Python's email reads, whatever is in it.
long=$(printf 'word%.0s ' {1..400})
printf 'node hk1\n.\n..two\nFrom here\n小艾 😀 = %% \\ "\n%s\n\nend' "$long" >"$NET/text"
printf '<p>小艾 &lt;b&gt;</p>\n' >"$NET/html"
printf 'day,bytes\r\n1,\0\377\n' >"$NET/csv"
mail smtp://good.test:587 "text=@$NET/text" "html=@$NET/html" attach_name=july.csv attach_type=application/octet-stream "attachment=@$NET/csv" \
	"header=From: =?UTF-8?B?5bCP6Im+?= <portflow@good.test>" "header=To: ops@good.test" \
	'header=Subject: =?UTF-8?B?5bCP6Im+?=\r\n =?UTF-8?B?8J+YgA==?=' "header=Date: Mon, 30 Nov 2026 14:00:00 +0000" "header=Message-ID: <1@good.test>"
came "a mail with everything" "answered 250"
is "as an independent reader sees it" "$("$PYTHON" "$SYSTEM/lib/mail.py" "$(newest eml)" "$NET/text" "$NET/html" "$NET/csv" 2>&1)" \
	"longest line <= 998: True bare line ends: 0
$(whole_mail good.test)"

# -- time ---------------------------------------------------------------------------------------------------------------
# All at once: those that answer are not held up by those that do not, and at the budget all is over.
BUDGET=2500
silent() { # URL -> a request
	printf '%s\n' kind=0 "url=$1" "ca_file=$CA" body=x
}
letter() { # URL [FIELD...] -> a request
	printf '%s\n' "${ENVELOPE[@]}" "url=$1" "ca_file=$CA" "${@:2}"
}
program() { # COMMAND -> a request
	printf '%s\n' kind=2 arg=/bin/sh arg=-c "arg=$1" "body=hello"
}
ip link add dead type veth peer name end && ip addr add 192.0.2.1/24 dev dead && ip link set dead up && ip link set end up
ip neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev dead
ask "$(silent https://good.test/loris)" "$(silent https://good.test/silent)" "$(silent https://good.test/trickle)" \
	"$(silent https://good.test:81/)" "$(silent http://192.0.2.9/)" "$(letter smtp://good.test:36 tls_off=1)" \
	"$(letter smtp://good.test:465)" "$(letter smtp://good.test:37 tls_off=1)" "$(program 'sleep 60')" \
	"$(program 'exec >/dev/null 2>&1; sleep 60')" "$(silent https://good.test/ok)" "$(letter smtp://good.test:25 tls_off=1)" "$(program cat)" \
	"$(silent http://good.test:81/)"
of() { answer=$(sed -n "s/^$1 /0 /p" <<<"$answers"); }
of 0; came "slow-loris" "unsure 0 curl=28 late" 'gave no answer within 2 s'
of 1; came "silent after the request" "unsure 0 curl=28 late" 'gave no answer within 2 s'
of 2; came "an answer that trickles: the status counts" "answered 200 curl=28 late cut"
of 3; came "silent instead of TLS" "not_sent 0 curl=28 late" 'took the connection and said nothing of use'
of 4; came "a dead address" "not_sent 0 curl=28 late" '192.0.2.9:80 does not answer: no connection'
of 5; came "a mail server that is silent after the text" "unsure 0 curl=28 late" 'gave no answer within 2 s'
of 6; came "465 with STARTTLS: what to write instead" "not_sent 0 curl=28 late" 'good.test:465 took the connection and sent no greeting' 'url = smtps://good.test:465$'
of 7; came "a greeting without end" "not_sent 0 curl=28 late" 'good.test:37'
of 8; came "a program that does not end" "unsure 0 late" '^/bin/sh had not ended after its time and was killed$'
of 9; came "one that closed its output too" "unsure 0 late" 'was killed'
of 13; came "silent without TLS" "unsure 0 curl=28 late" 'good.test:81 gave no answer'
early=$(sed '/ late/,$d' <<<"$answers")
for n in 10 11 12; do
	like "request $n among them is answered before any of them" "$early" "^$n answered (200|250|0) "
done
is_le "all is over at the budget" "$took" $((BUDGET + 1000))
is "no process is left" "$(pgrep -x sleep; pgrep -x portflow-net)" ""

echo "nameserver 192.0.2.9" >"$NET/resolv.conf"
mount --bind "$NET/resolv.conf" /etc/resolv.conf
ask "$(silent https://dead.test/)" "$(silent https://good.test/ok)" "$(letter smtp://dead.test:587)"
of 0; came "a dead name server" "not_sent 0 curl=28 late" 'the name dead.test was not resolved within 1 s'
of 2; came "for mail" "not_sent 0 curl=28 late" 'the name dead.test was not resolved within 1 s'
of 1; came "others do not wait for it" "answered 200"
is_le "nor does the end" "$took" $((BUDGET + 1000))
umount /etc/resolv.conf

# Many to one server: several connections, each with one login; the slow ones of another server are no hindrance.
# A fifth of a second says nothing about a server: what got nothing of the message then is as if it had not been tried.
BUDGET=1000 plain_mail smtp://good.test:465
came "hardly any time: not tried" "not_run 0 late" '^no time was left for it$'
BUDGET=1000 web http://good.test:81/
came "... but what has the request may have acted" "unsure 0 curl=28 late" 'gave no answer'
BUDGET=15000
logins=$(grep -c mechanism "$NET/log") before=$(find "$NET/mail" -name '*.eml' | wc -l)
letters=()
for n in {1..20}; do letters+=("$(letter smtp://good.test:587 user=test password=secret "to=user$n@good.test")"); done
ask "${letters[@]}"
is "twenty mails to one server" "$(grep -c ' answered 250' <<<"$answers")" 20
is "arrive once each" "$(($(find "$NET/mail" -name '*.eml' | wc -l) - before))" 20
is "with three logins" "$(($(grep -c mechanism "$NET/log") - logins))" 3

# A wrong login is not tried again for each mail: servers lock out who does that. Others are not held up by it.
logins=$(grep -c mechanism "$NET/log")
letters=()
for n in {1..20}; do letters+=("$(letter smtp://good.test:587 user=test password=wrongword "to=user$n@good.test")"); done
letters+=("$(letter smtp://good.test:587 user=test password=secret)" "$(letter smtp://good.test:465 tls_off=1)" "$(letter smtp://good.test:25 tls_off=1)")
BUDGET=2500 ask "${letters[@]}"
is "twenty mails with a wrong login, three processes: it is tried three times" \
	"$(($(grep -c mechanism "$NET/log") - logins)) $(grep -c 'answered 535' <<<"$answers")" "4 3"
is "... the rest is held" "$(grep -c '^[0-9]* held 535 ' <<<"$answers")" 17
of 19; came "... for the same reason" "held 535" '^good.test:587 refuses the login: 535 5.7.8 ' 'user and password'
of 20; came "... another login at the same server is not" "answered 250"
of 22; came "... nor another server" "answered 250"

# -- what the children may do -------------------------------------------------------------------------------------------
state() { grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Name)' "$1" | tr -s '\t ' ' ' | sed 's/ $//'; }
nothing='Uid: 7066 7066 7066 7066
Gid: 7066 7066 7066 7066
Groups: 7066
CapInh: 0000000000000000
CapPrm: 0000000000000000
CapEff: 0000000000000000
CapBnd: 0000000000000000
CapAmb: 0000000000000000
NoNewPrivs: 1'
# shellcheck disable=SC2034
secret_of_ours=1 ; export secret_of_ours
exec 9<"$NET/good.key"
ask_one kind=2 arg=/bin/sh arg=-c 'arg=cat; grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs)" /proc/self/status; ls /proc/self/fd | wc -l; pwd; tty; env; ulimit -c; exit 3' 'body=from stdin\n'
exec 9<&-
came "an exec target's exit code" "answered 3" '^/bin/sh ended with exit code 3: from stdin'
body=$(field body | sed 's/\\x0a/\n/g; s/\\x09/ /g' | sed 's/ $//')
is "it has its input, the service user, and nothing else" "$body" "from stdin
$nothing
4
/
not a tty
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LANG=C.UTF-8
PWD=/
0"

# portflow-net while it waits, seen from outside
BUDGET=5000 web https://good.test/silent >"$NET/waiting" &
wait_for "pgrep -x portflow-net >/dev/null" && wait_for "grep -q '\"path\": \"/silent\"' $NET/log"
helper=$(pgrep -x portflow-net)
is "portflow-net has nothing either" "$(state "/proc/$helper/status" | grep -v Name)" "$nothing"
is "of ours it has three pipes" "$(find "/proc/$helper/fd" -name '[012]' -printf '%l\n' | sed 's/:.*//' | sort | uniq -c | tr -s ' ')" " 3 pipe"
is "its environment" "$(tr '\0' '\n' <"/proc/$helper/environ")" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LANG=C.UTF-8"
is "its memory is nobody's to look at" "$(stat -c %U "/proc/$helper/mem")" root
is "a session of its own" "$(ps -o sid= -p "$helper" | tr -d ' ')" "$helper"
kill "$helper"
wait $!

# Killed in the middle: what came before counts.
mkfifo "$NET/answers"
at_36=$(grep -c '"where": "36"' "$NET/log")
two_wait() { [ "$(pgrep -xc portflow-net)" = 2 ] && [ "$(grep -c '"where": "36"' "$NET/log")" -gt "$at_36" ]; }
{ printf '%s\n\n' "$(silent https://good.test/ok)" "$(silent https://good.test/silent)" "$(letter smtp://good.test:36 tls_off=1)" | "$ASK" -b 15000; } >"$NET/answers" &
exec 8<"$NET/answers"
read -r first <&8
wait_for two_wait
pgrep -x portflow-net | xargs kill -9
answers="$first
$(cat <&8)"
exec 8<&-
of 0; came "the one that had its answer" "answered 200"
of 1; came "the one that had none" "unsure 0" '^portflow-net was ended by signal 9 \(SIGKILL\)$'
of 2; came "the mail that had none" "unsure 0" '^portflow-net was ended by signal 9 \(SIGKILL\)$'

# When the parent dies nothing goes on behind its back.
ask_file=$NET/request
{ silent https://good.test/silent; echo; program 'sleep 60'; } >"$ask_file"
"$ASK" -b 15000 <"$ask_file" >/dev/null &
parent=$!
wait_for 'pgrep -x portflow-net >/dev/null && pgrep -x sleep >/dev/null'
kill -9 "$parent"
wait "$parent" 2>/dev/null
ok "with the parent its children die" wait_for '! pgrep -x portflow-net >/dev/null' 3
pgrep -x sleep | xargs -r kill

# portflow-net itself refuses to be more.
refuses() { # DESCRIPTION REGEX COMMAND...
	local what=$1 regex=$2 said code
	shift 2
	said=$("$@" "$PORTFLOW_NET" 1000 </dev/null 2>&1)
	code=$?
	like "$what" "$code $said" "$regex"
}
refuses "as root" '^77 portflow-net: it refuses to run as root' env
refuses "with a capability" '^77 .*with a capability' setpriv --reuid 7066 --regid 7066 --clear-groups --inh-caps +net_raw --ambient-caps +net_raw --no-new-privs
refuses "where rights could come back" '^77 .*without no_new_privs' setpriv --reuid 7066 --regid 7066 --clear-groups
refuses "and else does nothing, if nothing is asked" '^0 $' setpriv --reuid 7066 --regid 7066 --clear-groups --no-new-privs
is "damaged requests" "$(printf 'id:1:' | setpriv --reuid 7066 --regid 7066 --clear-groups --no-new-privs "$PORTFLOW_NET" 1000 2>&1; echo $?)" "portflow-net: the requests are damaged
65"

# A service is the user already and has one ambient capability; its sandbox may forbid capset(2).
as_service() { # COMMAND...
	setpriv --reuid 7066 --regid 7066 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin --bounding-set -all,+net_admin "$@"
}
for sandbox in "" "strace -f -qq -o /dev/null -e inject=capset:error=EPERM"; do
	# shellcheck disable=SC2086
	answers=$(printf '%s\n' kind=0 url=https://good.test/ok "ca_file=$CA" "" kind=2 arg=/bin/grep arg=-E 'arg=^Cap(Eff|Prm|Amb|Bnd)' \
		arg=/proc/self/status | as_service $sandbox "$ASK")
	of 0; came "from a service with an ambient capability${sandbox:+, where capset is forbidden}" "answered 200"
	of 1
	is "which its children have not" "$(field body | sed 's/\\x0a/\n/g; s/\\x09/ /g' | awk 'NF && !/Bnd/ { print $2 }' | sort -u)" \
		"0000000000000000"
	like "the bounding set stays, since they may not change it" "$(field body)" 'CapBnd:\\x090000000000001000'
done

# -- what may be started ------------------------------------------------------------------------------------------------
mkdir -p "$WORK/bin"
printf '#!/bin/sh\necho "$0 $*"\n' >"$WORK/bin/tell"
chmod 755 "$WORK/bin" "$WORK/bin/tell"
run_program() { ask_one kind=2 "arg=$1" "arg=two words" 'arg=$(id)'; }
run_program "$WORK/bin/tell"
came "a script of root's" "answered 0"
like "gets its arguments as they are: no shell" "$answer" 'body=".*/tell two words \$\(id\)'
ln -s tell "$WORK/bin/link"
run_program "$WORK/bin/link"
came "by a link" "answered 0"
run_program bin/tell
came "not by a relative path" "impossible 0" 'whole path'
run_program "$WORK/bin/none"
came "not what is missing" "impossible 0" 'No such file'
run_program "$WORK/bin"
came "not a folder" "impossible 0" 'is no program'
chmod 644 "$WORK/bin/tell"; run_program "$WORK/bin/tell"
came "not without the right to" "impossible 0" 'chmod \+x'
chmod 757 "$WORK/bin/tell"; run_program "$WORK/bin/tell"
came "not what everybody may write" "impossible 0" 'others than root may write .*/tell.*chmod go-w'
chmod 755 "$WORK/bin/tell"; chown portflow "$WORK/bin/tell"; run_program "$WORK/bin/tell"
came "not what belongs to the service user" "impossible 0" 'does not belong to root'
chown root "$WORK/bin/tell"; chmod 777 "$WORK/bin"; run_program "$WORK/bin/tell"
came "not in a folder that everybody may write" "impossible 0" 'others than root may write .*/bin,'
chmod 775 "$WORK/bin"; chgrp 7066 "$WORK/bin"; run_program "$WORK/bin/link"
came "nor in one that a group may write" "impossible 0" 'others than root may write .*/bin,'
chmod 755 "$WORK/bin"
printf '#!/nonexistent\n' >"$WORK/bin/tell"; run_program "$WORK/bin/tell"
came "a script without its interpreter" "answered 127" 'exit code 127: .*/tell: No such file'
ask_one kind=2 arg=/bin/sh arg=-c 'arg=kill -SEGV $$'
came "a program that crashes" "unsure 0" 'was ended by signal 11 \(SIGSEGV\)'
head -c 3000000 /dev/zero | tr '\0' x >"$NET/large"
ask_one kind=2 arg=/bin/sh arg=-c 'arg=cat; sleep 300 & exit 0' "body=@$NET/large"
came "one that prints more than anybody reads, and leaves one behind that does not end" "answered 0 cut"
is "of which 64 KiB are kept" "$(field body | wc -c)" 65537
is "and nobody is left" "$(pgrep -x sleep)" ""
ask_one kind=2 arg=/bin/true "body=@$NET/large"
came "one that does not read its input" "answered 0"
many=()
for n in {1..20}; do many+=("$(program 'sleep 0.2; echo '"$n")"); done
ask "${many[@]}"
is "twenty programs" "$(grep -c 'answered 0' <<<"$answers")" 20

AS=nobody-of-that-name web https://good.test/ok
came "no such user" "not_run 0" 'no user nobody-of-that-name.*systemd-sysusers'
PORTFLOW_NET='' web https://good.test/ok
came "no portflow-net: which package brings it" "not_run 0" 'the package portflow-net'
PORTFLOW_NET=$WORK/bin/none web https://good.test/ok
came "nor where it should be" "not_run 0" 'none: No such file'
cp "$PORTFLOW_NET" "$WORK/bin/portflow-net"; chmod 700 "$WORK/bin"
PORTFLOW_NET=$WORK/bin/portflow-net web https://good.test/ok
came "in a folder that only root may enter" "answered 200"
head -c 9000000 /dev/zero | tr '\0' x >"$NET/large"
ask "$(silent https://good.test/ok)" "$(printf '%s\n' kind=0 url=https://good.test/ok "body=@$NET/large")"
of 1; came "a message that is too large" "impossible 0" 'too large'
of 0; like "does not hinder the others" "$answer" '^0 (answered 200|not_sent 0 curl=60)'
unlike "portflow itself is not linked with libcurl" "$(readelf -d "$PORTFLOW")" 'NEEDED.*curl'
done_testing
