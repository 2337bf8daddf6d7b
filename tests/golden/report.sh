#!/bin/bash
# The page that --report writes: it is well-formed, says the same numbers as --stats, and nothing that a file, a key, an
# option or a message is called becomes part of its mark-up. Chromium, where there is one, shows it on a phone and on a
# desk, in the light and in the dark: nothing is wider than the screen, nothing is loaded, and nothing is complained of.
source "$(dirname "$0")/../tools/testing.sh"

# check_page PAGE STATS PART... - the page is XML, has the numbers of the statistics (-: there are none), and contains every
# PART.
check_page() {
    perl - "$@" <<'END' || fail "the page $1"
use strict;
use warnings;
use JSON::PP;
my ($page, $stats, @parts) = @ARGV;
sub content { open my $handle, "<:raw", $_[0] or die "there is no $_[0]\n"; local $/; return <$handle> }
my $text = content($page);
my $numbers = $stats eq "-" ? undef : JSON::PP->new->decode(content($stats));

# Mark-up: elements with attributes between double quotes, each of which ends; nothing else.
my $copy = $text;
$copy =~ s/^<!DOCTYPE html>\n// or die "not the type\n";
my @open;
pos($copy) = 0;
until ($copy =~ /\G\z/gc) {
    if ($copy =~ /\G(?:[^<>&\x00-\x09\x0b-\x1f\x7f]|&(?:amp|lt|gt|quot|#39);)+/gc) { }
    elsif ($copy =~ /\G<style>\n[^<&]*<\/style>/gc) { }
    elsif ($copy =~ /\G<([a-zA-Z0-9]+)(?: [a-zA-Z0-9-]+="(?:[^<>&"]|&(?:amp|lt|gt|quot|#39);)*")* ?(\/?)>/gc) {
        push @open, $1 unless $2;
        die "a script\n" if lc $1 eq "script";
    }
    elsif ($copy =~ /\G<\/([a-zA-Z0-9]+)>/gc) { (pop(@open) // "") eq $1 or die "</$1> ends nothing\n" }
    else { die "no mark-up: " . substr($copy, pos $copy, 60) . "\n" }
}
die "open: @open\n" if @open;
utf8::decode(my $characters = $text) or die "no UTF-8\n";
die "something from elsewhere\n" if $text =~ / (?:src|href|action)="|url\(|\@import/;
die "no policy\n" unless $text =~ /Content-Security-Policy" content="default-src 'none'/;

# Numbers.
$text =~ s/\e//g;
my %said = $text =~ /<dt>([^<]*)<\/dt><dd class="number"><data value="(\d+)">/g;
my %names = (input_bytes => "bytes of input", records => "records", results => "results", output_bytes => "bytes of output",
    spilled_bytes => "bytes spilled", peak_memory_bytes => "bytes of memory, at most", retries => "workers replaced",
    bad_records => "bad records left out");
while ($numbers and my ($member, $name) = each %names) {
    my $number = $said{$name} // "nothing";
    die "$name: $number, not $numbers->{$member}\n" unless $number eq $numbers->{$member};
}
while ($numbers and my ($name, $value) = each %{$numbers->{counters}}) {
    die "counter $name: not $value\n" unless ($said{$name} // "") eq $value;
}
index($text, $_) >= 0 or die "does not have: $_\n" for @parts;
END
}

# check_looks FILE - what is wrong with what the browser has found, a line of JSON for each look.
check_looks() {
    perl -MJSON::PP -ne '
        $found = decode_json($_);
        ($width, $drawn) = @{$found->{values}};
        $what = "look $. at $found->{url}:";
        print "$what wider than the screen, $found->{width}\n" if $found->{width} > $width;
        print "$what complains, @{$found->{messages}}\n" if @{$found->{messages}};
        print "$what loads @{$found->{requests}}\n" if @{$found->{requests}} != 1;
        print "$what nothing is drawn\n" unless $drawn;
        $backgrounds{$found->{background}}++;
        END { print "it is the same in the dark\n" if keys %backgrounds < 2 }' "$1"
}

# ---- a job that is done, with names that are hostile everywhere

name=$'<img src="1" onerror=alert(1)> \'&\' \xff\n'
"$tools/random_input" 1 600000 many >words
for ((i = 0; i < 40000; i++)); do echo '</code><script>alert(2)</script>&amp;"'"'"; done >>words
mv words "$name.txt"
run "$mr" run wordcount "$name.txt" -o "$name.tsv" --report page.html --stats stats --memory 8M -j 3
if expect_status 0 "a report"; then
    check_page page.html stats '<title>wordcount: done</title>' \
        '&lt;img src=&quot;1&quot; onerror=alert(1)&gt; &#39;&amp;&#39; \xff\n.txt' '\xff\n.tsv' 'name="viewport"'
fi

# ---- one that fails, in one process and in several

printf '%s\n' one $'<b>"two"</b> &amp; \xfe BOOM' three >records
for more in "-j 2" --inline; do
    run "$mr" run "$build/tests/abi/crashes.so" records $more --set where=map --set on=$'<i>\x01' --report fine.html --stats stats
    expect_status 0 "$more" && check_page fine.html stats '<title>crashes: done</title>' '&lt;i&gt;\x01'
done
run "$mr" run "$build/tests/abi/crashes.so" records -j 2 --set what=segv --report crash.html --stats stats -o never
expect_status 1 "a crash" && check_page crash.html stats '<title>crashes: failed</title>' 'Why it failed' 'SIGSEGV' \
    '&lt;b&gt;&quot;two&quot;&lt;/b&gt; &amp;amp; \xfe BOOM' '<dt>debug</dt>' 'gdb --args'
run "$mr" run wordcount "<nothing>" --report none.html --stats stats
expect_status 1 "no input" && check_page none.html stats '<title>wordcount: failed</title>' '&lt;nothing&gt;'

# ---- a stage of a job file

printf '{"stages": [{"name": "a", "plugin": "wordcount", "inputs": ["records"], "output": "a.tsv",
    "report": "a.html", "stats": "a.json"}, {"name": "b", "plugin": "sort", "inputs": [{"stage": "a"}], "output": "b.tsv",
    "report": "b.html"}]}' >job.json
run "$mr" job job.json --report "all.html"
expect_status 0 "a job file" && check_page a.html a.json '<title>wordcount: done</title>'
[[ -s b.html ]] || fail "the second stage has no report"
check_page all.html - '<title>job.json: done</title>' '<strong>a</strong>' '<strong>b</strong>'
run "$mr" job job.json --report nowhere/all.html
expect_status 1 "no folder for the overview" && expect_error nowhere/all.html "No such file or directory"
cat >job.json <<END
{"stages": [{"name": "a", "plugin": "wordcount", "inputs": ["records"]}, {"name": "b", "plugin": "$build/tests/abi/crashes.so",
    "inputs": ["records", {"stage": "a"}], "set": {"what": "segv"}, "output": "b.tsv"}]}
END
run "$mr" job job.json --report all.html
expect_status 1 "a stage that fails" &&
    check_page all.html - '<title>job.json: failed</title>' '<strong>a</strong>' 'not done' 'Why it failed' 'signal 11'

# ---- in a browser

# As large as pages become: made up by the unit test.
MR_TEST_PAGES=$work "$build/tests/unit/job_report_page" >out 2>&1 || fail "the pages of the unit test"

looks=()
# look PAGE OPTION... - add a look at a page.
look() {
    looks+=("file://$work/$1" --height 800 "${@:2}" --evaluate document.documentElement.clientWidth
        --evaluate 'document.querySelectorAll(".work, .fill").length')
}
look page.html --width 360 --dark
look page.html --width 1200
look crash.html --width 360
look all.html --width 360
look many_lanes.html --width 360
look usual.html --width 360 --print

# A browser is the same whatever mr is built with.
status=77
if ! has_sanitizer; then
    perl "$root/tests/tools/browser.pl" "${looks[@]}" >found
    status=$?
fi
if [[ $status -eq 77 ]]; then
    echo "nothing was shown in a browser"
elif [[ $status -ne 0 || $(wc -l <found) -ne 6 || -n $(check_looks found) ]]; then
    fail "in the browser: status $status, $(check_looks found)"
fi
finish
