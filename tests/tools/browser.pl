#!/usr/bin/perl
# Looks at pages in a real browser, Chromium without a window, and says what it finds, a line of JSON for each look:
#
#     browser.pl URL [OPTION...] [URL [OPTION...]]...
#         --width 360 --height 800        of the screen, in pixels
#         --dark                          the reader prefers dark pages
#         --print                         the page is printed
#         --evaluate 'EXPRESSION'         may be given several times: the values are in "values"
#         --screenshot FILE.png           the whole page
#
# The object has: url, title, width (of all that can be scrolled to), background, elements (how many of each name), messages
# (of the console, and what the page was not allowed to do), requests (URLs that were asked for), values. The browser
# gets commands and gives answers as JSON with a zero byte behind, on descriptors 3 and 4 (its --remote-debugging-pipe).
# Exit status 77: there is no Chromium.
use strict;
use warnings;
use Cwd qw(getcwd);
use Fcntl;
use File::Temp qw(tempdir);
use IO::Select;
use JSON::PP;
use MIME::Base64;
use POSIX ();

my (@looks, @words);
@words = @ARGV;
while (defined(my $word = shift @words)) {
    if ($word !~ s{^--}{}) { push @looks, {url => $word, width => 1200, height => 900, evaluate => []} }
    elsif (!@looks or $word !~ /^(?:dark|print|width|height|evaluate|screenshot)$/) { die "browser.pl: --$word?\n" }
    elsif ($word eq 'dark' or $word eq 'print') { $looks[-1]{$word} = 1 }
    elsif ($word eq 'evaluate') { push @{$looks[-1]{evaluate}}, shift @words }
    else { $looks[-1]{$word} = shift @words }
}
@looks or die "browser.pl: which page?\n";
my $json = JSON::PP->new->utf8->canonical;
my ($program) = grep { -x } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") } split /:/, $ENV{PATH};
exit 77 unless $program;

# ---- the browser -----------------------------------------------------------------------------------------------------

my $home = tempdir('browser-XXXXXX', DIR => getcwd(), CLEANUP => 1);
pipe my $commands, my $to_browser or die "pipe: $!\n";
pipe my $from_browser, my $answers or die "pipe: $!\n";
my $browser = fork() // die "fork: $!\n";
if (!$browser) {
    # Copies of high numbers first, so that neither is in the way of the other.
    my ($read, $write) = map { fcntl $_, F_DUPFD, 10 } $commands, $answers;
    POSIX::dup2($read, 3);
    POSIX::dup2($write, 4);
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', "$home/log";
    @ENV{qw(HOME TMPDIR)} = ($home, $home);
    setpgrp;
    { exec $program, qw(--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars
        --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage
        --disable-extensions --no-default-browser-check --remote-debugging-pipe), "--user-data-dir=$home/profile",
        'about:blank' }
    POSIX::_exit(127);
}
close $commands;
close $answers;
$to_browser->autoflush(1);
my $select = IO::Select->new($from_browser);
local $SIG{PIPE} = 'IGNORE';

# All its processes are in its group.
sub end_browser {
    kill 'KILL', -$browser;
    waitpid $browser, 0;
    select undef, undef, undef, 0.01 while kill 0, -$browser;
}

sub give_up {
    my $log = '';
    if (open my $handle, '<', "$home/log") { local $/; $log = <$handle> // '' }
    end_browser();
    die "$_[0]\n$log";
}

# ---- commands and events ---------------------------------------------------------------------------------------------

my ($number, $session, $received, @events) = (0, undef, '');

# The next message; dies when none comes for a long time.
sub next_message {
    my $end;
    while (($end = index $received, "\0") < 0) {
        $select->can_read(60) or give_up("the browser does not answer");
        sysread $from_browser, $received, 1 << 20, length $received or give_up("the browser has ended");
    }
    my $message = substr $received, 0, $end + 1, '';
    chop $message;
    return $json->decode($message);
}

# Gives a command and waits for its result; events that come meanwhile are kept.
sub command {
    my ($method, %parameters) = @_;
    my $id = ++$number;
    print $to_browser $json->encode({id => $id, method => $method, params => \%parameters,
        $session ? (sessionId => $session) : ()}), "\0";
    while (1) {
        my $message = next_message();
        if (!defined $message->{id}) { push @events, $message }
        elsif ($message->{id} == $id) {
            give_up("$method: $message->{error}{message}") if $message->{error};
            return $message->{result};
        }
    }
}

# Waits for an event.
sub wait_for {
    my ($method) = @_;
    until (grep { $_->{method} eq $method } @events) { push @events, next_message() }
}

sub evaluate {
    my ($expression) = @_;
    my $result = command('Runtime.evaluate', expression => $expression, returnByValue => JSON::PP::true);
    give_up("$expression: $result->{exceptionDetails}{exception}{description}") if $result->{exceptionDetails};
    return $result->{result}{value};
}

# ---- the pages --------------------------------------------------------------------------------------------------------

# What happened since a page was asked for, one text for each event of a kind.
sub texts_of {
    my ($method, $text) = @_;
    return map { $text->($_->{params}) } grep { $_->{method} eq $method } @events;
}

sub keep_screenshot {
    my ($look) = @_;
    my $image = command('Page.captureScreenshot', captureBeyondViewport => JSON::PP::true, clip => {x => 0, y => 0,
        width => 0 + $look->{width}, height => evaluate('document.documentElement.scrollHeight'), scale => 1});
    open my $file, '>:raw', $look->{screenshot} or give_up("$look->{screenshot}: $!");
    print $file decode_base64($image->{data});
    close $file or give_up("$look->{screenshot}: $!");
}

sub look_at {
    my ($look) = @_;
    command('Emulation.setDeviceMetricsOverride', width => 0 + $look->{width}, height => 0 + $look->{height},
        deviceScaleFactor => 1, mobile => $look->{width} < 500 ? JSON::PP::true : JSON::PP::false);
    command('Emulation.setEmulatedMedia', media => $look->{print} ? 'print' : 'screen',
        features => [{name => 'prefers-color-scheme', value => $look->{dark} ? 'dark' : 'light'}]);
    @events = ();
    command('Page.navigate', url => $look->{url});
    wait_for('Page.loadEventFired');
    my %found = (
        url        => $look->{url},
        title      => evaluate('document.title'),
        width      => evaluate('document.documentElement.scrollWidth'),
        background => evaluate('getComputedStyle(document.body).backgroundColor'),
        elements   => evaluate('[...document.querySelectorAll("*")].reduce((all, element) => '
                . '(all[element.localName] = (all[element.localName] || 0) + 1, all), {})'),
        values => [map { evaluate($_) } @{$look->{evaluate}}],
    );
    keep_screenshot($look) if $look->{screenshot};
    $found{messages} = [
        texts_of('Log.entryAdded', sub { $_[0]{entry}{text} }),
        texts_of('Runtime.exceptionThrown', sub { $_[0]{exceptionDetails}{text} }),
        texts_of('Runtime.consoleAPICalled', sub { join ' ', map { $_->{value} // $_->{description} // '' } @{$_[0]{args}} })];
    $found{requests} = [texts_of('Network.requestWillBeSent', sub { $_[0]{request}{url} })];
    return \%found;
}

my ($target) = grep { $_->{type} eq 'page' } @{command('Target.getTargets')->{targetInfos}};
my $id = $target ? $target->{targetId} : command('Target.createTarget', url => 'about:blank')->{targetId};
$session = command('Target.attachToTarget', targetId => $id, flatten => JSON::PP::true)->{sessionId};
command("$_.enable") for qw(Page Runtime Log Network);
my @found = map { look_at($_) } @looks;
end_browser();
print $json->encode($_), "\n" for @found;
