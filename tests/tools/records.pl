#!/usr/bin/perl
# Records of every kind, found with regular expressions: makes random files, and prints what show_records and grep have to
# print for them.
#
#     records.pl make SEED KIND FILE...                    write random bytes that matter to the kind
#     records.pl show KIND keep|strip FILE...              offset, number, "first", length and bytes of each record
#     records.pl grep KIND TEXT FILE...                    records that hold the text, with what ends them
use strict;
use warnings;

my ($what, @arguments) = @ARGV;
binmode STDOUT;

my %alphabets = (
    lines => [qw(a b), "\n", "\r"],
    nul => ['a', 'b', "\0", "\n"],
    paragraphs => ['a', 'b', "\n", "\n", "\r", "\r\n"],
    fixed => ['a', "\n", "\0"],
    whole => ['a', "\n"],
    csv => ['a', 'b', '"', '"', ',', "\n", "\r\n", '""', "\",\n\"", '"a"'],
    jsonl => ['{}', "\n", "\n", ' ', "\t", "\r\n"],
    own => ['>', 'a', "\n", "\n>"],
);

# The name, and what is behind its colon.
sub kind_of {
    my ($name, $detail) = split /:/, shift, 2;
    return ($name, $name eq 'csv' ? (!defined $detail ? ',' : $detail eq 'tab' ? "\t" : $detail) : $detail);
}

sub make {
    my ($seed, $kind, @files) = @_;
    my ($name, $detail) = kind_of($kind);
    srand $seed;
    for my $file (@files) {
        my @letters = @{ $alphabets{$name} };
        @letters = map { s/,/$detail/gr } @letters if $name eq 'csv';
        my ($size, $run) = (int(2**rand 13) - 1, int(2**rand 7));
        my $text = '';
        while (length $text < $size) { $text .= $letters[rand @letters] x (1 + int rand $run) }
        $text = substr $text, 0, length($text) - length($text) % $detail if $name eq 'fixed';
        open my $out, '>:raw', $file or die "$file: $!";
        print $out $text;
    }
}

# Calls found with offset, bytes and ending of each record of a text.
sub each_record {
    my ($kind, $text, $found) = @_;
    my ($name, $detail) = kind_of($kind);
    my $d = quotemeta($detail // '');
    my $field = qr/"(?:[^"]++|"")*+"[^$d\n]*+|"(?:[^"]++|"")*+\z|(?!")[^$d\n]*+/;
    my %patterns = (
        lines => qr/\G(?!\z)([^\n]*)(\n?)/,
        jsonl => qr/\G(?:[ \t\r]*\n)*+(?![ \t\r]*\z)([^\n]*)(\n?)/,
        nul => qr/\G(?!\z)([^\0]*)(\0?)/,
        paragraphs => qr/\G(?:\r?\n)*+(?!\r?\z)((?:(?!\r?(?:\n|\z))[^\n]+(?:\n(?!\r?(?:\n|\z)))?)+)(\n?)/,
        csv => $name eq 'csv' ? qr/\G(?!\z)($field(?:$d$field)*+)(\n?)/ : undef,
        own => qr/\G(?!\z)(.(?:(?<!\n)>|[^>]++)*+)()/s,
        fixed => $name eq 'fixed' ? qr/\G(.{$detail})()/s : undef,
    );
    return $found->(0, $text, '') if $name eq 'whole';
    my $pattern = $patterns{$name};
    while ($text =~ /$pattern/g) { $found->($-[1], $1, $2) }
}

sub contents {
    open my $in, '<:raw', $_[0] or die "$_[0]: $!";
    local $/;
    return <$in> // '';
}

sub show {
    my ($kind, $crlf, @files) = @_;
    my %escapes = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");
    for my $file (@files) {
        my $number = 0;
        each_record($kind, contents($file), sub {
            my ($offset, $record, $ending) = @_;
            $record =~ s/\r\n/\n/g if $crlf eq 'strip' && $kind eq 'paragraphs';
            $record =~ s/\r\z// if $crlf eq 'strip' && $ending eq "\n";
            my $shown = $record =~ s/([\\\t\n\r])/$escapes{$1}/gr;
            printf "%d %d %s%d %s\n", $offset, ++$number, $offset ? '' : 'first ', length $record, $shown;
        });
    }
}

sub grep_text {
    my ($kind, $wanted, @files) = @_;
    my %endings = (lines => "\n", csv => "\n", jsonl => "\n", nul => "\0", paragraphs => "\n\n", fixed => '', whole => '');
    my ($name) = kind_of($kind);
    for my $file (@files) {
        each_record($kind, contents($file), sub { print $_[1], $endings{$name} if index($_[1], $wanted) >= 0 });
    }
}

{ make => \&make, show => \&show, grep => \&grep_text }->{$what}->(@arguments);
