#!/bin/bash
# Where messages go in a test: names from a hosts file, the service user, an authority made here, servers on 127.0.0.0/8 that log what they take.
# Nothing outside is asked, and no name is looked up elsewhere.
# Sourced by topics after lib.sh and net_up.
# shellcheck disable=SC2034 # the topics use what is set here
$PYTHON -c 'import aiosmtpd' 2>/dev/null || skip_all "python3-aiosmtpd is not installed"
command -v openssl >/dev/null || skip_all "openssl is not installed"
NET=$WORK/net
mkdir -p "$NET/mail"
chmod 755 "$WORK" "$NET"
{ cat /etc/hosts; echo "127.0.0.1 good.test other.test"; echo "127.0.0.2 api.telegram.org"; } >"$NET/hosts"
service_user
mount --bind "$NET/hosts" /etc/hosts || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=test authority" \
	-keyout "$NET/ca.key" -out "$NET/ca.pem" 2>"$NET/openssl" || exit 1
for pair in good=good.test other=other.test telegram=api.telegram.org; do
	name=${pair%%=*}
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${pair#*=}" -keyout "$NET/$name.key" -out "$NET/$name.csr" 2>"$NET/openssl" &&
		openssl x509 -req -in "$NET/$name.csr" -CA "$NET/ca.pem" -CAkey "$NET/ca.key" -CAcreateserial -days 30 \
			-extfile <(echo "subjectAltName=DNS:${pair#*=}") -out "$NET/$name.pem" 2>"$NET/openssl" || { cat "$NET/openssl"; exit 1; }
done
chmod 644 "$NET"/*.pem
touch "$NET/log" "$NET/telegram.log"
printf '123:abc\n' >"$NET/ops.token"
printf 'secret\n' >"$NET/mail.password"
chmod 640 "$NET/ops.token" "$NET/mail.password"

serve() { # NAME COMMAND...: until it says that it is ready; sets server
	rm -f "$NET/$1.ready"
	"$PYTHON" "${@:2}" >"$NET/$1.ready" 2>"$NET/$1.err" &
	server=$!
	wait_for "grep -qs ready $NET/$1.ready" || diag <"$NET/$1.err"
}
ops_section() { # a target of Telegram
	printf '[notify ops]\ntype = telegram\ntoken_file = %s\nchat_id = -100123\nca_file = %s\n' "$NET/ops.token" "$NET/ca.pem"
}
mail_section() { # [RECIPIENTS]; keys may follow
	printf '[notify mail]\ntype = email\nurl = smtp://good.test:587\nfrom = portflow@good.test\nuser = test\npassword_file = %s\nca_file = %s\n' \
		"$NET/mail.password" "$NET/ca.pem"
	[ -z "${1:-}" ] || printf 'to = %s\n' "$1"
}
telegram_up() { serve telegram "$SYSTEM/lib/telegram.py" "$NET" 127.0.0.2; }
telegram_down() { kill "$server" && wait "$server" 2>/dev/null; }
# How many mails came; how many messages wait for somebody, or were given up for somebody.
mails() { find "$NET/mail" -name '*.eml' | wc -l; }
waiting() { of_db "SELECT count(DISTINCT letter) FROM outbox WHERE parked = 0"; }
parked() { of_db "SELECT count(DISTINCT letter) FROM outbox WHERE parked = 1"; }
still() { # everything of ours has ended, and every server has seen it and is through with what came
	wait_for "! pgrep '^portflow' >/dev/null && ! awk '\$4 != \"0A\" && \$4 != \"06\" && NR > 1 { found = 1 } END { exit !found }' /proc/net/tcp"
}
