#!/bin/bash
# portflow-net against the mail servers that people run: OpenSMTPD and Exim, each unpacked beside the other in a tree of its own, which
# the Makefile makes. Whatever a server can say to a mail, both say in their own words.
# make check-system runs it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/ask.sh
. "$SYSTEM/lib/ask.sh"

# -- servers ------------------------------------------------------------------------------------------------------------
tree_of() { # SERVER USER...: sets TREE, a copy on top of the unpacked packages, with these users
	local name=$1 id=100 user dir=$ROOT/build/$1
	if [ ! -e "$dir.stamp" ]; then
		skip "$name" "there is no tree of it: $(cat "$dir.why" 2>/dev/null || echo make tree)"
		return 1
	fi
	shift
	TREE=$NET/$name
	mkdir -p "$NET/$name.upper" "$NET/$name.work" "$TREE"
	mount -t overlay portflow-test -o "lowerdir=$dir,upperdir=$NET/$name.upper,workdir=$NET/$name.work" "$TREE" || skip_all "no overlay here"
	chmod 755 "$TREE"
	for dir in bin sbin lib lib64; do [ -e "$TREE/$dir" ] || ln -s "usr/$dir" "$TREE/$dir"; done
	echo root:x:0:0:root:/root:/bin/sh >"$TREE/etc/passwd"
	echo root:x:0: >"$TREE/etc/group"
	for user; do
		echo "$user:x:$id:$id::/nonexistent:/usr/sbin/nologin" >>"$TREE/etc/passwd"
		echo "$user:x:$id:" >>"$TREE/etc/group"
		id=$((id + 1))
	done
	mkdir -p "$TREE/mail" "$TREE/tls" "$TREE/proc" "$TREE/run" "$TREE/var/spool" "$TREE/var/log" "$TREE/dev"
	ln -sfn /run "$TREE/var/run"
	chown "$id:$id" "$TREE/mail"
	mkdir -p "$TREE/etc/ssl/certs"
	cp "$CA" "$TREE/etc/ssl/certs/ca-certificates.crt"
	cp "$CA" "$TREE/etc/ssl/cert.pem"
	: >"$TREE/etc/resolv.conf"
	echo "127.0.0.1 localhost" >"$TREE/etc/hosts"
	mount -t proc proc "$TREE/proc"
	for user in null random urandom; do
		: >"$TREE/dev/$user"
		mount --bind "/dev/$user" "$TREE/dev/$user"
	done
	certificate "$name" good "$name.test" || exit 1
	install -m 644 "$NET/$name.pem" "$TREE/tls/cert.pem"
	install -m 600 "$NET/$name.key" "$TREE/tls/key.pem"
}
up() { # SERVER ADDRESS COMMAND...: in its tree, as its first process
	local name=$1 address=$2
	shift 2
	chroot "$NET/$name" "$@" </dev/null >"$NET/$name.log" 2>&1 &
	PID=$!
	for port in 25 465 587; do
		wait_for "(: </dev/tcp/$address/$port) 2>/dev/null" || { diag <"$NET/$name.log"; exit 1; }
	done
}

echo "127.0.0.2 opensmtpd.test other-opensmtpd.test
127.0.0.3 exim.test other-exim.test" >>"$NET/hosts"

start_opensmtpd() {
	tree_of opensmtpd opensmtpd opensmtpq vmail || return
	mkdir -m 711 "$TREE/var/spool/smtpd"
	chown 102:102 "$TREE/mail"
	echo "test $(openssl passwd -6 secret)" >"$TREE/etc/users"
	cat >"$TREE/etc/smtpd.conf" <<END
pki opensmtpd.test cert "/tls/cert.pem"
pki opensmtpd.test key "/tls/key.pem"
table users file:/etc/users
table people { "ops@opensmtpd.test" = "vmail", "temp451@opensmtpd.test" = "vmail" }
table later { "temp451@opensmtpd.test" }
table full { "full@good.test" }
filter later phase rcpt-to match rcpt-to <later> reject "451 4.3.0 temporary failure"
filter full phase commit match mail-from <full> reject "452 4.2.2 mailbox full"
filter both chain { later, full }
listen on 127.0.0.2 port 587 tls-require pki opensmtpd.test auth <users> filter both
listen on 127.0.0.2 port 465 smtps pki opensmtpd.test auth <users> filter both
listen on 127.0.0.2 port 25 filter both
action "in" maildir "/mail" virtual <people>
match from any for domain "opensmtpd.test" action "in"
END
	up opensmtpd 127.0.0.2 smtpd -d
	SERVERS+=(opensmtpd)
}

start_exim() {
	tree_of exim Debian-exim || return
	mkdir -p "$TREE/spool"
	chown 100:100 "$TREE/mail" "$TREE/spool" "$TREE/tls"/*
	cat >"$TREE/etc/exim.conf" <<'END'
primary_hostname = exim.test
local_interfaces = 127.0.0.3
daemon_smtp_ports = 25 : 465 : 587
tls_on_connect_ports = 465
spool_directory = /spool
log_file_path = /spool/%slog
pid_file_path = /spool/pid
exim_user = Debian-exim
exim_group = Debian-exim
tls_advertise_hosts = ${if eq{$received_port}{25}{}{*}}
tls_certificate = /tls/cert.pem
tls_privatekey = /tls/key.pem
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
begin acl
acl_rcpt:
  deny    condition = ${if eq{$received_port}{25}{no}{yes}}
          !authenticated = *
  defer   recipients = temp451@exim.test
          message = 451 4.3.0 temporary failure
  accept  recipients = ops@exim.test
  deny    message = Unknown user
acl_data:
  defer   senders = full@good.test
          message = 452 4.2.2 mailbox full
  accept
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{test}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = /mail
  create_directory
  user = Debian-exim
END
	up exim 127.0.0.3 exim4 -C /etc/exim.conf -bdf
	SERVERS+=(exim)
}

SERVERS=()
start_opensmtpd
start_exim

# -- what they say ------------------------------------------------------------------------------------------------------
newest() { find "$NET/$1/mail" -type f -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2; }
mails() { find "$NET/$1/mail" -type f | wc -l; }
send() { # [FIELD...] to $server
	ask_one "${ENVELOPE[@]}" "to=ops@$server.test" "${LOGIN[@]}" "$@"
}
printf 'node hk1\n.\n..two\nFrom here\n小艾 😀 = %% \\ "\n\nend' >"$NET/text"
printf '<p>小艾 &lt;b&gt;</p>\n' >"$NET/html"
printf 'day,bytes\r\n1,\0\377\n' >"$NET/csv"

declare -A NO_LOGIN=([opensmtpd]=530 [exim]=550) NO_LOGIN_CURE=([opensmtpd]='wants a login' [exim]='')
for server in "${SERVERS[@]}"; do
	host=$server.test
	send "url=smtp://$host:587" "header=Subject: first"
	came "$server: STARTTLS and login" "answered 250"
	wait_for "[ \$(mails $server) = 1 ]" || diag <"$NET/$server.log"
	like "$server: has it" "$(cat "$(newest $server)" 2>&1)" '^Subject: first'
	send "url=smtps://$host:465"
	came "$server: TLS from the first byte" "answered 250"
	ask_one "${ENVELOPE[@]}" "to=ops@$host" "url=smtp://$host:25" tls_off=1
	came "$server: in clear, where it allows that" "answered 250"
	send "url=smtp://$host:587" password=wrong
	came "$server: a wrong password" "answered 535" "^$host:587 refuses the login: 535 " 'user and password'
	ask_one "${ENVELOPE[@]}" "to=ops@$host" "url=smtp://$host:587" "ca_file=$CA"
	came "$server: no login where one is wanted" "answered ${NO_LOGIN[$server]}" "^$host:587 says: ${NO_LOGIN[$server]} " "${NO_LOGIN_CURE[$server]}"
	send "url=smtp://$host:587" "to=temp451@$host"
	came "$server: a recipient for whom it is too early" "answered 451" 'says: 451 4.3.0 temporary failure$'
	send "url=smtp://$host:587" "to=nobody@$host"
	like "$server: a recipient that does not exist" "$answer" "^0 answered (524|550) .*error=\"$host:587 says: (524|550) "
	send "url=smtp://$host:587" from=full@good.test
	came "$server: refused after the text" "answered 452" 'says: 452 4.2.2 mailbox full$'
	send "url=smtp://$host:39"
	came "$server: nobody listens" "not_sent 0" "$host:39 cannot be reached: Connection refused"
	ask_one "${ENVELOPE[@]}" "to=ops@$host" "url=smtp://$host:587"
	came "$server: an authority that nobody knows" "not_sent 0" "certificate of $host:587 is not accepted" 'ca_file'
	send "url=smtps://other-$host:465"
	came "$server: a certificate for another name" "not_sent 0" "other-$host" 'as its certificate does'
	send "url=smtp://$host:25"
	came "$server: no STARTTLS offered: nothing goes in clear" "not_sent 0" "$host:25 offers no STARTTLS" "smtps://$host:465"
	send "url=smtps://$host:587"
	came "$server: 587 with TLS from the first byte: what to write instead" "not_sent 0" "TLS with $host:587 fails" "url = smtp://$host:587\$"
	BUDGET=2500 send "url=smtp://$host:465"
	came "$server: 465 with STARTTLS: what to write instead" "not_sent 0 curl=28 late" "$host:465 took the connection and sent no greeting" "url = smtps://$host:465\$"
	is "$server: of all that failed nothing was taken" "$(wait_for "[ \$(mails $server) = 3 ]"; mails $server)" 3

	send "url=smtp://$host:587" "text=@$NET/text" "html=@$NET/html" attach_name=july.csv attach_type=application/octet-stream \
		"attachment=@$NET/csv" "header=From: =?UTF-8?B?5bCP6Im+?= <portflow@good.test>" "header=To: ops@$host" \
		'header=Subject: =?UTF-8?B?5bCP6Im+?=\r\n =?UTF-8?B?8J+YgA==?=' "header=Date: Mon, 30 Nov 2026 14:00:00 +0000" "header=Message-ID: <1@good.test>"
	came "$server: a mail with everything" "answered 250"
	wait_for "[ \$(mails $server) = 4 ]"
	sed 's/$/\r/' "$(newest $server)" >"$NET/arrived"
	is "$server: what arrives, as an independent reader sees it" \
		"$("$PYTHON" "$SYSTEM/lib/mail.py" "$NET/arrived" "$NET/text" "$NET/html" "$NET/csv" 2>&1 | sed 1d)" "$(whole_mail "$host")"

	letters=()
	for n in {1..12}; do letters+=("$(printf '%s\n' "${ENVELOPE[@]}" "to=ops@$host" "url=smtp://$host:587" "${LOGIN[@]}" "text=$n")"); done
	ask "${letters[@]}"
	is "$server: a dozen at once" "$(grep -c ' answered 250' <<<"$answers")" 12
	is "$server: arrive once each" "$(wait_for "[ \$(mails $server) = 16 ]"; mails $server)" 16
done

# -- one that hangs -----------------------------------------------------------------------------------------------------
if [ "${SERVERS[*]: -1}" = exim ]; then
	kill -STOP "$PID"
	server=exim BUDGET=2500
	send url=smtp://exim.test:587
	came "a server that hangs" "not_sent 0 curl=28 late" 'exim.test:587 took the connection and sent no greeting' 'TLS from the first byte'
	kill -CONT "$PID"
	unset BUDGET
	send url=smtp://exim.test:587
	came "and goes on" "answered 250"
fi
done_testing
