# What accesslog has to print: one regular expression takes a line apart. See gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use gallery;

start(shift);
my $times = qr{(\d\d)/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/(\d{4}):(\d\d):\d\d:\d\d [+-]\d{4}}a;
my @months = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);

sub random_line {
    my $host = pick("192.0.2.7", "2001:db8::17", "host.example", "198.51.100." . int rand 200, "::1");
    my $user = pick("-", "-", "ada", '""', "a b", '"[x] "', "[17/Mar/2024:06:42:28 +0100]");
    my $time = sprintf "[%02d/%s/%d:%02d:%02d:%02d %s]", 1 + rand 28, pick(@months), 2020 + rand 5, rand 24, rand 60, rand 60,
        pick("+0000", "-0530");
    my $url = pick("/", "/a\\\"b", "/a b", "/\\\\", "*", "/a?x=" . int rand 9, "/?", "/page" . int rand 300, "/" . "x" x rand 4000);
    my $request = pick("GET", "POST", "HEAD", "\\\\") . " $url" . pick(" HTTP/1.1", " HTTP/1.1", " HTTP/2", "", " HTTP", " HTTP/ 1");
    $request = pick("-", "", "GET", "GET ", " /", '\\"', "\\x16\\x03") if chance 0.05;
    my $bytes = pick("-", 0, int rand 1e5, int rand 1e5, "007", "9223372036854775", "9223372036854775808", "+5", "5.", "", "5-");
    my $line = "$host - $user $time \"$request\" " . pick(200, 200, 404, 304, 99, "2x0") . " $bytes";
    $line .= ' "https://harbour.example/" "agent \"quoted\""' if chance 0.7;
    substr($line, rand length $line, 1) = pick("", " ", '"', "\\", "]", "\0", "7") if chance 0.1;
    $line = pick("", " ", "\"", $time, substr $line, 0, rand length $line) if chance 0.03;
    return $line . pick("", "", "", "\r");
}

# Host, hour, method, URL, status and bytes of a line; nothing if it is malformed.
sub parse {
    my ($line) = @_;
    $line =~ m{^([^ ]+)(?>.*? \[$times\] ")(?>((?:[^"\\]|\\.)*)") ([0-9]{3}) (?:([0-9]+)|-)(?:[ \r]|$)}s or return;
    my ($host, $hour, $request, $status, $bytes) = ($1, undef, $6, $7, $8 // 0);
    $hour = sprintf "%s-%02d-%sT%s", $4, 1 + (grep { $months[$_] eq $3 } 0 .. 11)[0], $2, $5;
    $bytes =~ s/^0+(?=.)//;
    return if length $bytes > 19 || length $bytes == 19 && $bytes gt "9223372036854775807";
    my ($method, $url) = $request =~ /^([^ ]+) (.+)$/s or return;
    $url =~ s{(.) HTTP/[^ ]*$}{$1}s;
    return ($host, $hour, $method, $url, $status, $bytes);
}

# A random line. Sums stay in range: chance may make a huge number that is right of the one that is above the range.
sub random_addable_line {
    while (1) {
        my $line = random_line();
        my $bytes = (parse($line))[5] // 0;
        return $line if $bytes <= 9223372036854775;
    }
}

my ($by, $what, $query) = (pick(qw(url host status method hour day)), pick(qw(count bytes)), pick(qw(keep drop)));
my (@files, %results);
my $malformed = 0;
for my $number (0 .. rand 3) {
    my @lines = map { random_addable_line() } 1 .. pick(0, 1, 100, 3000);
    for my $line (@lines) {
        my ($host, $hour, $method, $url, $status, $bytes) = parse($line) or ++$malformed && next;
        $url =~ s/\?.*//s if $query eq "drop";
        my $key = { url => $url, host => $host, status => $status, method => $method, hour => $hour, day => substr $hour, 0, 10 }->{$by};
        $results{$key} += $what eq "bytes" ? $bytes : 1;
    }
    my $text = join "\n", @lines;
    push @files, "log$number";
    write_file($files[-1], $text, @lines && ($lines[-1] eq "" || chance 0.5) ? "\n" : "");
}
write_case(
    arguments => [@files, "--set", "by=$by", "--set", "what=$what", "--set", "query=$query"],
    expected => [map { escaped($_) . "\t$results{$_}\n" } sort keys %results],
    counters => { "malformed lines" => $malformed },
);
