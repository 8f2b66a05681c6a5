#!/bin/bash
# Names, an authority and servers for portflow-net, and how it is asked: by build/tests/ask, without a database or a configuration.
# Nothing outside 127.0.0.1: names come from a hosts file, authorities from a CA made here. Ports are the real ones.
# Sourced by topics after lib.sh.
# shellcheck disable=SC2034 # the topics use what is set here
ASK=$TOOLS/ask
export PORTFLOW_NET=$BUILD/portflow-net
[ -x "$PORTFLOW_NET" ] && [ -x "$ASK" ] || { echo "Bail out! $PORTFLOW_NET or $ASK is missing: run make"; exit 1; }
command -v openssl >/dev/null || skip_all "openssl is not installed"
ip link set lo up
NET=$WORK/net
mkdir -p "$NET/mail"
chmod 755 "$WORK" "$NET"

# -- names, users, authorities ------------------------------------------------------------------------------------------
{ cat /etc/hosts; echo "127.0.0.1 good.test other.test"; } >"$NET/hosts"
service_user
mount --bind "$NET/hosts" /etc/hosts || exit 1

openssl ecparam -name prime256v1 -out "$NET/curve" || exit 1
authority() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1 authority" \
		-keyout "$NET/$1-ca.key" -out "$NET/$1-ca.pem" 2>"$NET/openssl"
}
certificate() { # NAME AUTHORITY HOST [KIND OF KEY]
	openssl req -newkey "${4:-ec:$NET/curve}" -nodes -subj "/CN=$3" -keyout "$NET/$1.key" -out "$NET/$1.csr" 2>"$NET/openssl" &&
		openssl x509 -req -in "$NET/$1.csr" -CA "$NET/$2-ca.pem" -CAkey "$NET/$2-ca.key" -CAcreateserial -days 30 \
			-extfile <(echo "subjectAltName=DNS:$3") -out "$NET/$1.pem" 2>"$NET/openssl"
}
authority good && authority wrong && certificate good good good.test && certificate other wrong good.test || { cat "$NET/openssl"; exit 1; }
chmod 644 "$NET"/*.pem
CA=$NET/good-ca.pem

servers() { # those that servers.py plays, at 127.0.0.1
	"$PYTHON" -c 'import aiosmtpd' 2>/dev/null || skip_all "python3-aiosmtpd is not installed"
	"$PYTHON" "$SYSTEM/lib/servers.py" "$NET" >"$NET/ready" 2>"$NET/servers.log" &
	wait_for "grep -q ready $NET/ready" || { diag <"$NET/servers.log"; exit 1; }
}

# -- asking -------------------------------------------------------------------------------------------------------------
# A request is a list of fields; of two that are no list the last counts.
web() { # URL [FIELD...]: sets answer
	ask_one kind=0 "url=$1" "ca_file=$CA" "header=Content-Type: application/json" 'body={"a":1}' "${@:2}"
}
ENVELOPE=(kind=1 from=portflow@good.test to=ops@good.test "text=Hello\n")
LOGIN=("ca_file=$CA" user=test password=secret)
mail() { # URL [FIELD...]: sets answer
	ask_one "${ENVELOPE[@]}" "url=$1" "${LOGIN[@]}" "${@:2}"
}
plain_mail() { # URL [FIELD...]: without TLS and login
	ask_one "${ENVELOPE[@]}" "url=$1" tls_off=1 "${@:2}"
}
whole_mail() { # HOST: what lib/mail.py says of a mail to ops there that has everything
	cat <<-END
		ascii: True
		From: 小艾 <portflow@good.test>
		To: ops@$1
		Subject: 小艾😀
		Date: Mon, 30 Nov 2026 14:00:00 +0000
		Message-ID: <1@good.test>
		MIME-Version: 1.0
		Bcc: None
		defects: 0
		multipart/mixed
		multipart/alternative
		text/plain quoted-printable None the file
		text/html quoted-printable None the file
		application/octet-stream base64 july.csv the file
	END
}
ask_one() {
	ask "$(printf '%s\n' "$@")"
	answer=$(grep '^0 ' <<<"$answers")
}
HOW=() # a command in front of it
ask() { # REQUEST...: each a text of lines; sets answers, in the order in which they came, and took
	answers=$(printf '%s\n\n' "$@" | "${HOW[@]}" "$ASK" -b "${BUDGET:-15000}" ${AS:+-u "$AS"})
	took=$(sed -n 's/^end ms=//p' <<<"$answers")
}
field() { # NAME: of answer
	sed -n "s/.* $1=\"\([^\"]*\)\".*/\1/p" <<<"$answer"
}
came() { # DESCRIPTION "END STATUS [retry=S]" [ERROR [CURE]]: answer is so; no ERROR: there is none
	if [[ $answer == "0 $2 "* ]] && grep -Eq -- "${3:-^$}" <<<"$(field error)" && grep -Eq -- "${4:-^$}" <<<"$(field cure)"; then
		pass "$1"
	else
		fail "$1" "got:    $answer
wanted: 0 $2, error: ${3:-none}, cure: ${4:-none}"
	fi
}
