#!/bin/sh
# make.sh makes a file of each released schema named on the command line, as an older version wrote it:
#
#	store/testdata/make.sh 0005 0011
#
# It builds the last commit with that schema, runs its server, and fills it over HTTP: a team of two, every kind of
# record that the version knows, updates of every type of field, deletes with all that hangs on them, and repeated
# requests. It needs git, go, curl and gzip. Files that are there already are kept: they were made by versions in use.
set -eu
cd "$(dirname "$0")"
here=$PWD

# commit names the last commit with a schema: the one before that which added the next.
commit() {
	case $1 in
	0005) echo 1a5fe0f^ ;; 0006) echo e87d415^ ;; 0007) echo c4ca804^ ;; 0008) echo 3f8e007^ ;;
	0009) echo 1147a57^ ;; 0010) echo 35d21c9^ ;; 0011) echo c2dbf6a^ ;;
	*) echo "no commit is known for schema $1" >&2; exit 1 ;;
	esac
}

# send METHOD PATH BODY [HEADER] prints the answer; a kind that the version does not know is skipped.
send() {
	curl -s -X "$1" "$url$2" -H "Authorization: Bearer $token" ${4:+-H "$4"} ${3:+-d "$3"}
}
# make PATH BODY prints the handle of a new record.
make() { send POST "/$1" "$2" | sed -n '1s|^\([a-z_]*/[a-z]*_[0-9a-z]*\) .*|\1|p'; }
change() { send PATCH "/$1" "$2" >>answers; }
# drop HANDLE deletes a record, with the confirmation that some ask for.
drop() {
	[ -n "$1" ] || return 0
	confirm=$(send DELETE "/$1" "" | tee -a answers | sed -n 's/.*confirm=\([0-9A-Za-z_-]*\).*/\1/p' | head -1)
	[ -z "$confirm" ] || send DELETE "/$1?confirm=$confirm" "" >>answers
}
login() { # EMAIL NAME
	code=$(curl -s "$url/auth/request" -d '{"email":"'"$1"'"}' | sed -n 's/.*code=//p')
	curl -s "$url/auth/verify" -d '{"email":"'"$1"'","code":"'"$code"'","token_name":"'"$2"'"}' | sed -n 's/.* token=\([^ ]*\).*/\1/p'
}

fill() {
	long=$(head -c 900 /dev/zero | tr '\0' 'x')
	token=$(login bob@acme.com bob)
	make companies '{"name":"Of Bob alone"}' >/dev/null
	bob=$token
	token=$(login jane@acme.com laptop)
	acme=$(make companies '{"name":"Acme Inc","domain":"acme.com","tags":["vip","eu"],"owner":"me","notes":"'"$long"'"}')
	globex=$(make companies '{"name":"Globex","domain":"globex.com","custom":{"tier":"gold","size":{"from":10,"to":50}}}')
	zoe=$(make contacts '{"name":"Zoë Doe","email":"zoe@acme.com","phone":"+49 30 1234","stage":"lead","company_id":"'"${acme#*/}"'","tags":["vip","eu"],"custom":{"seats":12,"since":"2026-01-05","zeta":[1,2],"alpha":null}}')
	joe=$(make contacts '{"name":"Joe","email":"joe@globex.com","company_id":"'"${globex#*/}"'","notes":"line one\nline \"two\""}')
	gone=$(make contacts '{"name":"Gone Soon","email":"gone@globex.com","tags":["x"],"custom":{"b":"2","a":"1"}}')
	change "$zoe" '{"stage":"customer","follow_up_at":"2026-12-24","follow_up_note":"Call again","notes":"'"$long"'"}'
	change "$zoe" '{"notes":"'"$long$long"'","custom":{"seats":13,"zeta":null,"new":"key"},"tags":["eu","vip","third"]}'
	change "$zoe" '{"notes":null,"phone":null,"owner":"bob@acme.com"}'
	change "$joe" '{"name":"Joe Öz","company_id":"'"${acme#*/}"'"}'
	change "$globex" '{"tags":["+churn"],"custom":{"tier":"iron"}}'
	deal=$(make deals '{"title":"Ten seats","amount_cents":125000,"contact_id":"'"${zoe#*/}"'","company_id":"'"${acme#*/}"'","stage":"proposal","custom":{"source":"fair"}}')
	lost=$(make deals '{"title":"Lost one","amount_cents":5,"currency":"EUR","contact_id":"'"${gone#*/}"'"}')
	change "$deal" '{"stage":"won","amount_cents":130000}'
	change "$lost" '{"status":"lost"}'
	make activities '{"kind":"call","body":"talked","contact_id":"'"${zoe#*/}"'","occurred_at":"2026-04-20"}' >/dev/null
	note=$(make activities '{"kind":"note","body":"of two","contact_id":"'"${gone#*/}"'","deal_id":"'"${deal#*/}"'"}')
	make activities '{"body":"of one that goes","contact_id":"'"${gone#*/}"'"}' >/dev/null
	make activities '{"kind":"email","body":"by Bob","company_id":"'"${globex#*/}"'","on_behalf_of":"bob@acme.com"}' >/dev/null
	change "$note" '{"body":"of two, mended"}'
	ticket=$(make tickets '{"subject":"It broke","content":"'"$long"'","requester_id":"'"${gone#*/}"'","priority":"high","tags":["bug"]}')
	[ -z "$ticket" ] || { change "$ticket" '{"status":"solved"}'; change "$ticket" '{"status":"open","content":"short"}'; change "$ticket" '{"status":"closed"}'; }
	task=$(make tasks '{"title":"Offer seats","due_at":"2026-12-01","contact_id":"'"${zoe#*/}"'","assignee":"me"}')
	other=$(make tasks '{"title":"Of one that goes","contact_id":"'"${gone#*/}"'","notes":"n"}')
	[ -z "$task" ] || { change "$task" '{"done":true}'; change "$other" '{"priority":"low"}'; }
	campaign=$(make campaigns '{"name":"Win back","description":"all that left"}')
	if [ -n "$campaign" ]; then
		make "$campaign/members" '{"contact_id":"'"${zoe#*/}"'","reason":"left"}' >/dev/null
		make "$campaign/members" '{"contact_id":"'"${gone#*/}"'"}' >/dev/null
		make "$campaign/members" '{"company_id":"'"${globex#*/}"'"}' >/dev/null
		change "$campaign" '{"status":"paused","description":null}'
	fi
	send POST /contacts '{"name":"Kept","email":"kept@acme.com"}' 'Idempotency-Key: once' >>answers
	send POST /contacts '{"name":"Kept","email":"kept@acme.com"}' 'Idempotency-Key: once' >>answers
	printf 'id,name,email\n7,Imported,imp@acme.com\n' | curl -s "$url/import/contacts?source=old" -H "Authorization: Bearer $token" -H 'Content-Type: text/csv' --data-binary @- >>answers
	drop "$gone"
	drop "$globex"
	token=$(login jane@acme.com phone) # a second token, that makes a change and stays
	change "$zoe" '{"stage":"lost"}'
}

for schema in "$@"; do
	out=$here/schema-$schema.db.gz
	[ ! -e "$out" ] || { echo "$out is there already"; continue; }
	dir=$(mktemp -d)
	git worktree add -q --detach "$dir/tree" "$(commit "$schema")"
	(cd "$dir/tree" && go build -o "$dir/crmkit" .)
	git worktree remove --force "$dir/tree"
	cd "$dir"
	./crmkit serve --local --listen 127.0.0.1:0 --db crmkit.db >ready 2>log &
	server=$!
	until grep -q http ready; do kill -0 $server; done
	url=$(grep -o 'http://127[0-9.:]*' ready | head -1)
	fill
	kill $server && wait $server || true
	gzip -9n <crmkit.db >"$out"
	echo "$out: $(grep -c . answers) lines of answers in $dir"
	cd "$here"
done
