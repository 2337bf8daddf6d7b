#!/usr/bin/perl
# console.pl [-v] DOCUMENT... - runs the commands that a document shows and compares what they print.
#
# A document is Markdown or a man page. In Markdown, blocks that begin with ```console are run; in a man page, the .EX/.EE
# blocks (or .nf/.fi) of the section EXAMPLES are, when they contain a line that starts with `$ `. In a block
#
#     $ COMMAND            is run by bash, in the current directory; lines that follow with `> ` continue it
#     anything else        is the expected standard output of the command before it
#     [exit N]             after the output: the expected exit status, which is otherwise 0
#     ...                  inside a line stands for any text, alone on a line for any lines (also none)
#
# A command without any output lines may print what it likes. Standard error is not looked at, unless the command says
# 2>&1. The commands of one document run one after the other in the same directory, so they may use each other's files.
# Where the program under test has a sanitizer (MR_TEST_SANITIZER is set), which needs memory of its own, the line that says
# that a worker uses more than its share is taken out of what is printed.
# Prints one line per document and exits with 1 when a command failed.
use strict;
use warnings;

my $verbose = @ARGV && $ARGV[0] eq '-v' && shift @ARGV;
my $failures = 0;

# Returns the blocks of a document, each as a list of [line number, text].
sub blocks_of {
    my ($name) = @_;
    open my $file, '<', $name or die "console.pl: $name: $!\n";
    my $is_manual = $name =~ /\.\d$/;
    my ($inside, $section, @blocks) = (0, '');
    while (my $line = <$file>) {
        chomp $line;
        if ($is_manual) {
            $section = uc $1 if $line =~ /^\.SH\s+"?(.*?)"?\s*$/;
            if ($line =~ /^\.(EX|nf)\b/ && $section eq 'EXAMPLES') { $inside = 1; push @blocks, []; next }
            if ($line =~ /^\.(EE|fi)\b/) { $inside = 0; next }
            next if $inside && $line =~ /^\./;
            $line =~ s/\\&//g, $line =~ s/\\(?:-|\(hy)/-/g, $line =~ s/\\\(aq/'/g, $line =~ s/\\\(dq/"/g,
                $line =~ s/\\f(?:\[\w*\]|.)//g, $line =~ s/\\(?:e|\(rs)/\\/g
                if $inside;
        } elsif ($line =~ /^\s*```(\w*)/) {
            push @blocks, [] if !$inside && $1 eq 'console';
            $inside = !$inside && ($1 eq 'console' ? 1 : 2);
            next;
        }
        push @{ $blocks[-1] }, [ $., $line ] if $inside == 1;
    }
    return @blocks;
}

# Cuts a block into commands: { line, command, output (undef when none is shown), status }.
sub commands_of {
    my ($block) = @_;
    my @commands;
    for (@$block) {
        my ($number, $line) = @$_;
        if ($line =~ /^\s*\$ (.*)/) {
            push @commands, { line => $number, command => $1, output => undef, status => 0 };
        } elsif (!@commands) {
            next;
        } elsif ($line =~ /^> (.*)/ && !defined $commands[-1]{output}) {
            $commands[-1]{command} .= "\n$1";
        } elsif ($line =~ /^\[exit (\d+)\]$/) {
            $commands[-1]{status} = $1;
        } else {
            $commands[-1]{output} = ($commands[-1]{output} // '') . "$line\n";
        }
    }
    # An empty line between two commands is there to be read, not printed.
    defined $_->{output} && $_->{output} =~ /^\n*$/ and $_->{output} = undef for @commands;
    return @commands;
}

# Whether `actual` is what `expected` shows, with `...` as explained above.
sub matches {
    my ($actual, $expected) = @_;
    my $pattern = '';
    for my $line (split /(?<=\n)/, $expected) {
        if ($line =~ /^\s*\.\.\.\n$/) {
            $pattern .= '(?:.*\n)*?';
        } else {
            $pattern .= join '.*', map { quotemeta } split /\.\.\./, $line, -1;
        }
    }
    $actual .= "\n" if $actual ne '' && $actual !~ /\n\z/;
    return $actual =~ /\A$pattern\z/;
}

sub run {
    my ($command) = @_;
    open my $pipe, '-|', 'bash', '-o', 'pipefail', '-c', $command or die "console.pl: bash: $!\n";
    local $/;
    my $output = <$pipe> // '';
    close $pipe;
    my $status = $?;
    $output =~ s/^mr: .* beyond its share of --memory.*\n//mg if $ENV{MR_TEST_SANITIZER};
    return ($output, $status & 127 ? 128 + ($status & 127) : $status >> 8);
}

for my $name (@ARGV) {
    my ($count, $failed) = (0, 0);
    for my $command (map { commands_of($_) } blocks_of($name)) {
        print "$name:$command->{line}: $command->{command}\n" if $verbose;
        my ($output, $status) = run($command->{command});
        $count++;
        my $good_output = !defined $command->{output} || matches($output, $command->{output});
        next if $good_output && $status == $command->{status};
        $failed++;
        print "FAILED: $name:$command->{line}: $command->{command}\n";
        print "  exit status $status, not $command->{status}\n" if $status != $command->{status};
        next if $good_output;
        print "  expected:\n", $command->{output} =~ s/^/  | /gmr, "  printed:\n", substr($output, 0, 5000) =~ s/^/  | /gmr;
        print "\n" if $output !~ /\n\z/;
    }
    print "$name: $count commands, $failed failed\n";
    $failures += $failed;
}
exit($failures ? 1 : 0);
