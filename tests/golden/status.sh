#!/bin/bash
# The page of a job that runs: what is asked for and how, who may ask, and that no client holds the job up. The plugin
# (tests/abi/steps.c) waits until the test has seen what there is to be seen. A browser is asked, too, if there is one.
# timeout: 180
source "$(dirname "$0")/../tools/testing.sh"

# Names and texts that would be mark-up if they were not escaped.
hostile=$'<b id="x">&\'"\\\xff\e[31m'
mkdir -p "$hostile" && cp "$build/tests/abi/steps.so" "$hostile/steps.so"
{
    printf 'count <i>&"\n'
    perl -e 'print "x" x 99, "\n" for 1 .. 1000'
    printf 'crash crashed\nwait go\n'
    perl -e 'print "y" x 99, "\n" for 1 .. 1000'
} >"$hostile/half"

# start OPTION... - begin the job as $pid, with its page on $port; a worker that is tried out waits, after another has died.
start() {
    rm -f go crashed
    : >err # the port of the job before is not meant
    command_line="mr run ${*@Q}"
    "$mr" run "$hostile/steps.so" "$hostile/half" -j 2 --chunk 20K -o result --status :0 "$@" >out 2>err &
    pid=$!
    for _ in $(seq 500); do
        port=$(sed -n 's|^mr: status: http://localhost:\([0-9]*\)/$|\1|p' err)
        [[ -z $port ]] || break
        sleep 0.02
    done
    [[ -n $port ]] || fail "nobody says where the page is: $(cat err)"
    for _ in $(seq 500); do # until it waits
        ask GET /status.json && grep -q '"offset":10' answer && grep -q '"retries":[1-9]' answer && break
        sleep 0.05
    done
}

# end - let the job go on to its end.
end() {
    touch go
    wait "$pid"
    status=$?
    expect_status 0 "the job" && [[ $(wc -l <result) -eq 2000 ]] || fail "the result is another"
}

# ask METHOD PATH [HEADER...] - send a request; the answer is in the file answer.
ask() {
    perl -MIO::Socket::INET -e '
        my ($port, $method, $path, @headers) = @ARGV;
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 20) or exit 1;
        unshift @headers, "Host: localhost:$port" unless grep { /^Host:/ } @headers;
        print $socket map { "$_\r\n" } "$method $path HTTP/1.1", @headers, "Connection: close", "";
        local $/;
        print scalar <$socket>' "$port" "$@" >answer
}

# expect_answer STATUS WHAT TEXT... - the answer has this status, and the texts.
expect_answer() {
    local wanted=$1 what=$2 text
    shift 2
    head -n 1 answer | grep -q "^HTTP/1.1 $wanted " || fail "$what: $(head -n 1 answer)"
    for text in "$@"; do
        grep -aqF -- "$text" answer || fail "$what: the answer lacks $text: $(head -c 3000 answer)"
    done
}

start
ask GET /
expect_answer 200 "the page" 'http-equiv="refresh" content="2"' '&lt;b id=' 'worker' 'map' 'Phases' 'Throughput' 'Memory in use' \
    "<svg" '&lt;i&gt;&amp;' 'Incidents' 'killed by signal 6' "Content-Security-Policy: default-src 'none'; " \
    'X-Content-Type-Options: nosniff' 'Cache-Control: no-store' 'Content-Type: text/html; charset=utf-8'
! grep -aq '<b id=\|<i>\|<script' answer || fail "names have become mark-up"
! grep -aq $'\xff\|\e' answer || fail "bytes that are no text stand in the page"
ask GET '/?still'
expect_answer 200 "the page that stands still" '<a href="/">go on</a>'
! grep -q 'http-equiv="refresh"' answer || fail "a page that stands still asks again"
ask GET /status.json
expect_answer 200 "JSON" 'Content-Type: application/json' '"doing":"try"' '"callback":"map"'
sed '1,/^\r$/d' answer | sed 's/"plugin_hex"/"plugin"/' >status.json
perl "$root/tests/tools/schema.pl" "$root/src/job/progress.schema.json" status.json || fail "JSON is not what its schema says"
ask HEAD /
expect_answer 200 "HEAD" "Content-Length: "
! grep -q html answer || grep -q 'text/html' answer && [[ $(sed '1,/^\r$/d' answer | wc -c) -eq 0 ]] || fail "HEAD has a body"
for method in POST PUT DELETE OPTIONS; do
    ask $method /
    expect_answer 405 "$method" "Allow: GET, HEAD"
done
ask GET /etc/passwd
expect_answer 404 "another path"
for host in evil.example "evil.example:$port" "localhost:1" "localhost.evil.example" ""; do
    ask GET / "Host: $host"
    expect_answer 40. "the host '$host'"
done
for host in "127.0.0.1:$port" "[::1]:$port" LOCALHOST; do
    ask GET / "Host: $host"
    expect_answer 200 "the host '$host'"
done

# The port is nobody else's, and on this machine alone.
"$mr" run "$hostile/steps.so" "$hostile/half" -o other --status ":$port" >out2 2>err2 && fail "a port is used twice"
grep -q "could not listen on port $port of the loopback interface; choose another, or :0 .*: Address already in use" err2 ||
    fail "a port that is taken: $(cat err2)"
[[ ! -e other ]] || fail "the job has begun without its page"
perl -ane 'print "$F[1]\n" if $F[3] eq "0A"' /proc/net/tcp | grep -i "$(printf ':%04X' "$port")" >listening
[[ $(cat listening) == "$(printf '0100007F:%04X' "$port")" ]] || fail "it listens elsewhere: $(cat listening)"

# No worker has the port, or a client: also none that was started while there were clients.
for worker in $(children_of "$pid"); do
    ! ls -l "/proc/$worker/fd" | grep -q 'socket:' || fail "a worker has sockets: $(ls -l "/proc/$worker/fd")"
done
end
! ask GET / || fail "the page is still there when the job has ended"

# Clients that say nothing, send much, or do not read: more than there may be.
start -q
perl -MIO::Socket::INET -e '
    my @clients;
    for my $i (1 .. 60) {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Timeout => 1, Blocking => 0) or next;
        syswrite $socket, $i % 3 == 0 ? "GET / HTTP/1.1\r\nHost: localhost\r\nX: " . "x" x 100000 : $i % 3 == 1 ? "G" :
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" x 50;
        push @clients, $socket;
    }
    open my $ready, ">", "ready";
    sleep 1 until -e "go";
    sleep 2' "$port" &
clients=$!
until [[ -e ready ]]; do sleep 0.05; done
end
kill $clients 2>/dev/null
wait $clients 2>/dev/null

# A job file has one page for all stages.
printf '{"stages": [{"name": "one", "plugin": "%s", "inputs": "%s", "output": "made"}, {"name": "two", "plugin": "wordcount",
    "inputs": {"stage": "one"}, "output": "result2"}]}' ./steps.so ./half >stages.json
cp "$hostile/steps.so" "$hostile/half" .
rm -f go crashed
: >err
"$mr" job stages.json --status 0 >out 2>err &
pid=$!
until port=$(sed -n 's|^mr: status: http://localhost:\([0-9]*\)/$|\1|p' err) && [[ -n $port ]]; do sleep 0.05; done
ask GET '/?still'
expect_answer 200 "a stage" "stage one"
touch go
wait "$pid"
status=$?
expect_status 0 "a job file"

run "$mr" run ./steps.so half --status no
expect_status 2 "no port" && expect_error "--status wants a port such as :8080, or :0 for any that is free, not 'no'"
run "$mr" run ./steps.so half --status :65536
expect_status 2 "a port that there is not"

# ---- in a browser, which is the same whatever mr is built with

if ! has_sanitizer && command -v chromium >/dev/null; then
    start
    for look in "360 --dark" "1200"; do
        # shellcheck disable=SC2086 # a width and options
        perl "$root/tests/tools/browser.pl" "http://localhost:$port/?still" --height 800 --width $look \
            --evaluate 'document.querySelectorAll("table tr").length' >found
        perl -MJSON::PP -e 'local $/; my $found = decode_json(<STDIN>);
            die "wider than the screen: $found->{width}\n" if $found->{width} > $ARGV[0];
            die "complains: @{$found->{messages}}\n" if grep { !/favicon/ } @{$found->{messages}};
            die "no rows\n" unless $found->{values}[0] > 4;' "${look%% *}" <found || fail "the page, $look: $(cat found)"
    done
    end
else
    echo "nothing is shown in a browser"
fi
finish
