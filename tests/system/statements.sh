#!/bin/bash
# Statements: one a recipient and period, whatever happens in between: months, days, cycles, a fortnight without power, changes of summer
# time, a backup that is put back. The figures are those of the database, day by day.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib/moments.sh
. "$SYSTEM/lib/moments.sh"
need_program
$PYTHON -c 'import aiosmtpd' 2>/dev/null || skip_all "python3-aiosmtpd is not installed"
net_up && exact_segments || exit 1
NET=$WORK/net
mkdir -p "$NET/mail"
chmod 755 "$WORK" "$NET"
{ cat /etc/hosts; echo "127.0.0.1 good.test"; } >"$NET/hosts"
service_user
mount --bind "$NET/hosts" /etc/hosts || exit 1
for name in good other; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=good.test" -keyout "$NET/$name.key" -out "$NET/$name.pem" 2>"$NET/openssl" || exit 1
done
"$PYTHON" "$SYSTEM/lib/servers.py" "$NET" >"$NET/ready" 2>"$NET/servers.err" &
wait_for "grep -qs ready $NET/ready" || diag <"$NET/servers.err"
printf '#!/bin/sh\n# several at once: one write each\nbody=$(cat) && printf "%%s\\n" "$body" >>%s\n' "$NET/program" >"$NET/tell"
chmod 755 "$NET/tell"
touch "$NET/program"
chmod 666 "$NET/program"

config() { # STATEMENT [ZONE]; stdin: more
	{
		cat <<-END
			[portflow]
			node = hk1
			timezone = ${2:-UTC}
			notify = program
			[port web]
			ports = 53
			remark = shop
			notify = program, mail, mail:bob@good.test
			[port game]
			ports = 54
			notify = mail
			[port lonely]
			ports = 55
			notify = none
			[notify program]
			type = exec
			command = $NET/tell
			events = expiry
			statement = $1
			[notify mail]
			type = email
			url = smtp://good.test:25
			tls = off
			from = portflow@good.test
			to = alice@good.test
			events = expiry
			statement = $1
			attach_csv = yes
		END
		cat
	} | ini
	touch -d 2000-01-01 "$INI" # whatever the time is said to be
}
move() { udp_in 4 "$1" "$2" 972; } # PORT KILOBYTES
titles() { "$PYTHON" -c 'import json, sys
print("\n".join(sorted(json.loads(line)["title"] for line in open(sys.argv[1]))))' "$NET/program"; }
text() { tail -n 1 "$NET/program" | "$PYTHON" -c 'import json, sys; print(json.loads(sys.stdin.read())["text"])'; }
mails() { find "$NET/mail" -name '*.eml' | wc -l; }
forget() {
	fresh
	: >"$NET/program"
	rm -f "$NET"/mail/*
}

# -- a month ------------------------------------------------------------------------------------------------------------------------
config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
move 53 5
at_ok '2027-01-10 13:00' sample
move 53 3
move 54 2
at_ok '2027-01-20 00:30' sample
is "the month that runs is not stated" "$(titles) $(mails)" " 0"
pf_ok db backup "$WORK/january.db"
at_ok '2027-02-01 00:00' sample
is "at its end each recipient gets one" "$(titles) $(mails)" "[hk1] traffic 2027-01 2"
like "... with each day's figures" "$(text | tr '\n' ' ')" '^\[hk1\] traffic 2027-01 +web \(53\) shop sum: in 8.00 kB, out 0 B; billed \(both\) 8.00 kB 2027-01-10  in .*2027-01-20  in '
like "... and, for the operator, who is not heard" "$(text | tr '\n' ' ')" 'entries that nobody is told of lonely'
at_ok '2027-02-01 01:00' sample
at_ok '2027-02-20 01:00' sample
is "once" "$(titles) $(mails)" "[hk1] traffic 2027-01 2"
alice=$(grep -l alice "$NET"/mail/*.json | sed 's/json$/eml/')
read_mail() { "$PYTHON" - "$1" <<-'END'
	import email, email.policy, sys
	m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
	print(m["Subject"], m["Message-ID"])
	for p in m.walk():
	    if not p.is_multipart(): print(p.get_content_type(), p.get_filename() or "", p.get_content().replace("\r\n", "|").replace("\n", "|"))
END
}
mail=$(read_mail "$alice")
like "the mail: both entries" "$mail" 'text/plain .*web \(53\).*game \(54\)'
like "... as a table with bars of cells, no pictures" "$mail" 'text/html .*<td nowrap>2027-01-10</td>.*bgcolor="#0072b2"'
is "... the HTML is sound" "$("$PYTHON" "$SYSTEM/lib/mail_page.py" "$alice" 200)" sound
unlike "... and nothing that mail programs do not show" "$mail" '<svg|<img|style='
like "... and the numbers as CSV" "$mail" 'text/csv traffic.csv day,name,in_bytes,out_bytes\|.*2027-01-10,web,'
is "... which add up to the byte" "$(read_mail "$alice" | sed -n 's/^text.csv [^ ]* //p' | tr '|' '\n' | awk -F, '$2 == "web" { n += $3 } END { print n }')" 8000
like "bob hears of web alone" "$(read_mail "$(grep -l bob "$NET"/mail/*.json | sed 's/json$/eml/')" | tail -n 1)" 'day,name,in_bytes,out_bytes\|2027-01-10,web,[^g]*$'

# -- a backup that is put back --------------------------------------------------------------------------------------------------------
id=$(sed 's/.* //' <<<"$(head -n 1 <<<"$mail")")
pf_ok db restore "$WORK/january.db"
unlike "a backup of before: the database that it replaces knows what was sent" "$err" 'come again'
at_ok '2027-02-20 02:00' apply
at_ok '2027-02-20 02:30' sample
is "... so nothing is sent again" "$(titles) $(mails)" "[hk1] traffic 2027-01 2"

rm -f "$DB"* # a machine made anew
pf_ok db restore "$WORK/january.db"
like "where nobody knows it is said" "$err" 'those come again, under the ids that they had'
ini_sed 's/^\[port game\]/[port early]\nports = 60\nnotify = none\n&/' # entries in another order
touch -d 2000-01-01 "$INI"
at_ok '2027-02-20 03:00' apply
at_ok '2027-02-20 03:30' sample
is "... and it comes again" "$(titles | uniq -c | xargs) $(mails)" "2 [hk1] traffic 2027-01 4"
is "... under the same id, by which mail programs know it" "$(cat "$NET"/mail/*.eml | grep -c "$id")" 2

# What still waited when the backup was put back goes out; what did not is not sent twice.
config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
pf_ok db backup "$WORK/january.db"
ini_sed 's/good.test:25/good.test:39/'
touch -d 2000-01-01 "$INI"
at_ok '2027-02-01 00:00' sample
is "a server that is down: two mails wait" "$(titles) $(mails) $(pf notify list | grep -c refused)" "[hk1] traffic 2027-01 0 2"
pf_ok db restore "$WORK/january.db"
config monthly </dev/null
at_ok '2027-02-01 02:00' apply
at_ok '2027-02-01 02:30' sample
is "... a backup is put back: they are sent, and the third is not sent again" "$(titles) $(mails)" "[hk1] traffic 2027-01 2"

# A database of another line is no witness: the machine ran without the old one for a while.
config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
pf_ok db backup "$WORK/january.db"
forget
nft delete table inet portflow 2>/dev/null
at_ok '2027-02-03 12:00' apply
pf_ok db restore "$WORK/january.db"
nft delete table inet portflow
at_ok '2027-02-03 13:00' apply
at_ok '2027-02-03 13:30' sample
is "what only a new database passed over is sent by the old one" "$(titles) $(mails)" "[hk1] traffic 2027-01 2"

# -- a fortnight without power ---------------------------------------------------------------------------------------------------------
config daily </dev/null
forget
at_ok '2027-03-01 12:00' apply
move 53 1
at_ok '2027-03-01 18:00' sample
at_ok '2027-03-15 18:00' sample
is "each day once" "$(titles | xargs -n 3 | cut -d' ' -f3 | xargs)" "$(for d in $(seq -w 1 14); do echo "2027-03-$d"; done | xargs)"
at_ok '2027-03-15 23:00' sample
is "... and no day again" "$(titles | wc -l)" 14
at_ok '2027-03-16 00:00' sample
is "the next one at its end" "$(titles | tail -n 1)" "[hk1] traffic 2027-03-15"

# -- entries that are removed within the month --------------------------------------------------------------------------------------------
config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
move 53 5
move 54 7
at_ok '2027-01-12 12:00' sample
move 53 3
ini_sed '/^\[port web\]/,/^notify/d'
touch -d 2000-01-01 "$INI"
at_ok '2027-01-15 12:00' apply
at_ok '2027-01-20 12:00' sample
at_ok '2027-02-01 00:00' sample
of() { read_mail "$(grep -l "$1" "$NET"/mail/*.json | sed 's/json$/eml/')"; }
is "who has lost his only entry gets a last statement" "$(titles) $(mails)" "[hk1] traffic 2027-01 2"
like "... with what it moved until then, the last bytes too, and marked" "$(of bob)" 'web \(removed\)\|+sum: in 8.00 kB'
unlike "... and nothing of others" "$(of bob)" game
like "... who has others has it among them" "$(of alice)" 'game \(54\).*web \(removed\)'
at_ok '2027-02-10 12:00' sample
at_ok '2027-03-01 00:00' sample
is "the next month is stated to who still has entries" "$(titles | uniq -c | xargs) $(mails)" \
	"1 [hk1] traffic 2027-01 1 [hk1] traffic 2027-02 3"
newest_mail() { find "$NET/mail" -name '*.eml' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2; }
unlike "... without what was removed" "$(read_mail "$(newest_mail)")" web

config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
cp -p "$INI" "$WORK/all.ini"
ini_sed '/^\[port web\]/,/^notify/d'
touch -d 2000-01-01 "$INI"
at_ok '2027-01-15 12:00' apply
cp -p "$WORK/all.ini" "$INI"
at_ok '2027-01-16 12:00' apply
at_ok '2027-02-01 00:00' sample
is "removed and back: in each statement once" "$(of alice | grep -o 'web ([^)]*)' | sort | uniq -c | xargs) $(mails)" "2 web (53) 2"
is "nothing is remembered of it" "$(sqlite3 "$DB" "SELECT count(*) FROM meta WHERE key = 'statement.shares'")" 0

# -- entries that change hands within the month: each one sees his own part, and no byte is in none or in two -------------------------------
hand_over() { # FROM TO: a recipient for another
	ini_sed "s/mail:$1@/mail:$2@/"
	touch -d 2000-01-01 "$INI"
}
web_of() { of "$1" | sed -n 's/^text.csv [^ ]* //p' | tr '|' '\n' | awk -F, '$2 == "web" { print $1 "=" $3 }' | sort | xargs; } # RECIPIENT
config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
move 53 5
at_ok '2027-01-12 10:00' sample
at_ok '2027-01-15 12:10' sample
move 53 7
hand_over bob carol
ini_sed 's/remark = shop/remark = of carol/'
touch -d 2000-01-01 "$INI"
at_ok '2027-01-15 12:20' apply
at_ok '2027-01-15 13:00' sample
move 53 3
at_ok '2027-01-15 13:10' sample
move 53 2
at_ok '2027-01-20 12:00' sample
at_ok '2027-02-01 00:00' sample
bob=$(of bob)
like "who lost it is told what moved until then, for that part" "$bob" 'web 2027-01-01 00:00 - 2027-01-15 13:00\|+sum: in 12.0 kB'
unlike "... and not whose it is now" "$bob" 'carol|\(53\)'
like "who got it: from then on" "$(of carol)" 'web \(53\) 2027-01-15 13:00 - 2027-02-01 00:00\|of carol\|sum: in 5.00 kB'
like "who had it all the time: all of it" "$(of alice)" 'web \(53\)\|of carol\|sum: in 17.0 kB'
is "... to the byte, with the day that is both's" \
	"$(printf '%s\n' "$(web_of bob)" "$(web_of carol)" | tr ' ' '\n' | awk -F= '{ n += $2; days[$1]++ } END { print n, days["2027-01-15"] }')" "17000 2"
at_ok '2027-03-01 00:00' sample
is "the next month is stated to one of them" "$(grep -l bob "$NET"/mail/*.json | wc -l) $(grep -l carol "$NET"/mail/*.json | wc -l)" "1 2"
like "... the whole of it" "$(read_mail "$(grep -l carol "$NET"/mail/*.json | sed 's/json$/eml/' | xargs ls -t | head -n 1)")" 'web \(53\)\|of carol\|no traffic'

config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
move 53 5
at_ok '2027-01-12 10:00' sample
hand_over bob carol
at_ok '2027-01-13 09:30' apply
at_ok '2027-01-13 10:00' sample
move 53 3
at_ok '2027-01-14 09:30' sample
hand_over carol bob
at_ok '2027-01-15 09:30' apply
at_ok '2027-01-15 10:00' sample
move 53 2
at_ok '2027-01-16 09:30' sample
at_ok '2027-02-01 00:00' sample
like "lent for two days: he sees both parts of his" "$(of bob)" 'web \(53\) 2027-01-01 00:00 - 2027-01-13 10:00, 2027-01-15 10:00 - 2027-02-01 00:00\|shop\|sum: in 7.00 kB'
like "... the other one his" "$(of carol)" 'web 2027-01-13 10:00 - 2027-01-15 10:00\|+sum: in 3.00 kB'

config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
move 53 5
at_ok '2027-01-12 10:00' sample
ini_sed 's/mail:bob@good.test/&, mail:carol@good.test/'
touch -d 2000-01-01 "$INI"
at_ok '2027-01-15 09:30' apply
ini_sed '/^\[port web\]/,/^notify/d'
touch -d 2000-01-01 "$INI"
at_ok '2027-01-20 09:30' apply
at_ok '2027-02-01 00:00' sample
is "one more recipient, who replaces nobody, and all is removed: both see all" "$(for who in bob carol; do of $who | grep -c 'web (removed)|*sum: in 5.00 kB'; done | xargs)" "1 1"

config cycle <<END
[port gone]
ports = 56
quota_reset_day = 20
notify = mail:carol@good.test, mail:bob@good.test
[port stays]
ports = 57
quota_reset_day = 20
notify = mail:dora@good.test
END
cp -p "$INI" "$WORK/all.ini"
forget
at_ok '2027-01-25 12:00' apply
move 53 5
move 56 7
at_ok '2027-01-26 12:00' sample
for name in web gone; do ini_sed "/^\\[port $name\\]/,/^notify/d"; done
hand_over dora carol
at_ok '2027-01-27 12:00' apply
move 57 2
at_ok '2027-01-28 12:00' sample
at_ok '2027-02-01 00:00' sample
like "by cycle: what was removed in it is in the statement" "$(of bob | tr '\n' ' ')" 'traffic 2027-01-01 - 2027-01-31.*web \(removed\)\|+sum: in 5.00 kB'
unlike "... of its own cycle alone" "$(of bob)" gone
at_ok '2027-02-20 00:00' sample
like "... of its own cycle, though that is nobody's any more" "$(of carol | tr '\n' ' ')" 'traffic 2027-01-20 - 2027-02-19.*stays \(57\) 2027-01-27 12:00 - 2027-02-20 00:00\|+sum: in 2.00 kB.*gone \(removed\)\|+sum: in 7.00 kB'
like "... and what went to another, until then" "$(of dora | tr '\n' ' ')" 'traffic 2027-01-20 - 2027-02-19.*stays 2027-01-20 00:00 - 2027-01-27 12:00\|+no traffic'
at_ok '2027-03-20 00:00' sample
is "... once" "$(for who in bob carol dora; do grep -l $who "$NET"/mail/*.json | wc -l; done | xargs)" "2 2 1"

# -- a customer at the target of the operator -------------------------------------------------------------------------------------------
ini <<-END
	[portflow]
	node = hk1
	timezone = UTC
	notify = mail:ops@good.test
	[port web]
	ports = 53
	notify = mail:bob@good.test
	[port rival]
	ports = 54
	notify = none
	[notify mail]
	type = email
	url = smtp://good.test:25
	tls = off
	from = portflow@good.test
	statement = daily
END
touch -d 2000-01-01 "$INI"
forget
at_ok '2027-01-10 12:00' apply
at_ok '2027-01-11 00:00' sample
unlike "who shares the operator's target is not told who else there is" "$(of bob)" rival
like "... the operator is" "$(of ops@)" 'nobody is told of\|rival'

# -- a clock that is behind for a run, as one without a battery is before the network tells the time; and one that was ahead ---------------
twice() { titles | sort | uniq -d | xargs; }
for statement in daily monthly; do
	for behind in '2000-01-01 00:05' '2026-12-20 00:05'; do
		config $statement </dev/null
		forget
		at_ok '2026-11-20 12:00' apply
		for day in 2026-12-01 2027-01-01 2027-01-10; do
			at_ok "$day 12:00" sample
			at_ok "$day 12:01" sample
		done
		before=$(titles | wc -l)
		at_ok "$behind" sample
		for minute in 00 30 59; do at_ok "2027-01-10 13:$minute" sample; done
		is "$statement, behind at $behind: nothing is stated again" "$(twice) $(titles | wc -l)" " $before"
		at_ok '2027-02-01 00:00' sample
		is "... and what ends then is" "$(titles | tail -n 1) $(titles | wc -l)" \
			"[hk1] traffic 2027-01$([ $statement = monthly ] || echo -31) $((before + $([ $statement = monthly ] && echo 1 || echo 22)))"
	done
done
config daily </dev/null
forget
at_ok '2027-01-10 12:00' apply
at_ok '2027-02-20 12:00' sample
before=$(titles | wc -l)
at_ok '2027-01-10 12:30' sample
for day in 11 12 13; do at_ok "2027-01-$day 12:00" sample; done
is "ahead for a run, then right: each day at its end" "$(titles | uniq -d | xargs -n 3 | cut -d' ' -f3 | xargs)" "2027-01-10 2027-01-11 2027-01-12"
at_ok '2027-01-16 12:00' sample
is "... after an outage the day that was counted" "$(titles | uniq -d | xargs -n 3 | cut -d' ' -f3 | tail -n 1)" "2027-01-13"

# A clock that once was far ahead takes nothing away from later outages; nor does a database of before it that is put back, or one of then.
config daily </dev/null
forget
at_ok '2027-01-10 12:00' apply
at_ok '2099-06-01 12:00' sample
pf_ok db backup "$WORK/far.db"
for day in $(seq 10 20); do at_ok "2027-01-$day 12:30" sample; done
pf_ok db backup "$WORK/right.db"
at_ok '2027-02-03 13:00' sample
of_2027() { titles | cut -d' ' -f3 | grep ^2027; }
every_day() { for d in $(seq 0 "$2"); do date -u -d "$1 + $d days" +%F; done; } # FIRST MORE: days
is "ahead in 2099 for a run, ten days, a fortnight without power: each day once" "$(of_2027)" "$(every_day 2027-01-10 23)"
pf_ok db restore "$WORK/far.db"
at_ok '2027-02-03 13:30' apply
at_ok '2027-02-17 13:00' sample
is "... a database of then is put back, and a fortnight without power again: each once" "$(of_2027)" "$(every_day 2027-01-10 37)"
pf_ok db restore "$WORK/right.db"
at_ok '2027-02-17 13:30' apply
at_ok '2027-02-17 13:45' sample
is "... and one of later: each once" "$(of_2027)" "$(every_day 2027-01-10 37)"
at_ok '2099-06-10 12:00' sample
at_ok '2027-02-17 14:00' sample
at_ok '2000-01-01 00:05' sample
at_ok '2027-02-18 12:00' sample
at_ok '2027-03-04 12:00' sample
is "ahead and behind once more, and another outage" "$(of_2027)" "$(every_day 2027-01-10 52)"

# -- summer time -----------------------------------------------------------------------------------------------------------------------
for zone in Europe/Berlin America/Santiago Australia/Lord_Howe; do
	config daily $zone </dev/null
	forget
	now=$(TZ=$zone date -d '2027-01-01 12:00' +%s)
	at_ok "$now" apply
	for _ in $(seq 1 6); do
		now=$((now + 61 * 86400))
		at_ok "$now" sample
	done
	is "$zone: every day of a year once, the long and the short ones too" "$(titles | sort | uniq -c | awk '{ n++; bad += $1 > 1 } END { print n, bad }')" "366 0"
done

# -- another zone: what lies between is a statement of its own ---------------------------------------------------------------------------
config daily UTC </dev/null
forget
at_ok '2027-01-10 12:00' apply
at_ok '2027-01-11 02:00' sample
config daily America/New_York </dev/null
at_ok '2027-01-11 06:00' apply
at_ok '2027-01-12 06:00' sample
is "a zone further west: no two statements have the same title" "$(titles | cut -d' ' -f3- | paste -sd,)" "2027-01-10,2027-01-10 19:00 - 2027-01-11 00:00,2027-01-11"
config daily Asia/Shanghai </dev/null
at_ok '2027-01-12 12:00' apply
at_ok '2027-01-13 16:00' sample
is "... and further east" "$(titles | cut -d' ' -f3- | tail -n 2 | paste -sd,)" "2027-01-12 13:00 - 2027-01-13 00:00,2027-01-13"

# -- cycles ----------------------------------------------------------------------------------------------------------------------------
config cycle <<END
[port weekly]
ports = 56
quota_cycle = week
notify = program
END
forget
at_ok '2027-01-10 12:00' apply
at_ok '2027-02-01 00:00' sample
is "entries whose cycles are cut alike share a statement" "$(titles | sort | xargs)" \
	"[hk1] traffic 2027-01-01 - 2027-01-31 [hk1] traffic 2027-01-04 - 2027-01-10 [hk1] traffic 2027-01-11 - 2027-01-17 [hk1] traffic 2027-01-18 - 2027-01-24 [hk1] traffic 2027-01-25 - 2027-01-31"

# -- a cycle that turns at noon: the day on which it does belongs to both, its bytes to one each ----------------------------------------
config cycle <<END
[port noon]
ports = 57
quota_reset_time = 12:00
notify = program
END
forget
at_ok '2027-01-20 00:30' apply
move 57 5
at_ok '2027-02-01 12:00' sample
move 57 7
at_ok '2027-02-01 13:00' sample
at_ok '2027-03-01 12:00' sample
sums() { "$PYTHON" -c 'import json, re, sys
for line in open(sys.argv[1]):
    t = json.loads(line)["text"]
    m = re.search(r"noon \(57\)\nsum: in ([0-9.]+)", t)
    if m: print(m.group(1))' "$NET/program" | sort | xargs; }
is "a cycle that turns at noon: each statement has its own bytes" "$(sums)" "5.00 7.00"

# -- none for a while -------------------------------------------------------------------------------------------------------------------
config monthly </dev/null
forget
at_ok '2027-01-10 12:00' apply
config none </dev/null
at_ok '2027-01-11 12:00' apply
at_ok '2027-06-11 12:00' sample
config monthly </dev/null
at_ok '2027-06-12 12:00' apply
at_ok '2027-06-13 12:00' sample
is "who had none for half a year gets none of that time" "$(titles)" ""
at_ok '2027-07-01 00:00' sample
is "... but the next" "$(titles)" "[hk1] traffic 2027-06"
done_testing
