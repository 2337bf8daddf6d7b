#!/usr/bin/perl
# Reads the output of mr in a format and prints it as lines with tabs, which is what mr prints without --format:
#
#     read_format.pl csv|jsonl|binary|raw NAME... <FILE
#
# NAME... are the columns, in their order. The readers are those of Perl, or written here without any regard to mr's code.
use strict;
use warnings;
use JSON::PP;

my ($format, @names) = @ARGV;
binmode STDIN;
binmode STDOUT;
my $text = do { local $/; <STDIN> } // '';

sub escape {
    my ($column) = @_;
    my %letters = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");
    $column =~ s/([\\\t\n\r])/$letters{$1}/g;
    return $column;
}

sub show { print join("\t", map { escape($_) } @_), "\n" }

if ($format eq 'csv') {
    my @row;
    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))([,\n])/gc) {
        my ($column, $end) = ($1 // $2, $3);
        $column =~ s/""/"/g;
        push @row, $column;
        next if $end eq ',';
        show(@row);
        @row = ();
    }
    die "no CSV at byte ", pos($text) // 0, "\n" if (pos($text) // 0) != length $text || @row;
} elsif ($format eq 'jsonl') {
    my $json = JSON::PP->new->utf8->allow_nonref;
    die "the last line does not end\n" if length $text && $text !~ /\n\z/;
    for my $line (split /\n/, $text) {
        my $object = $json->decode($line);
        die "other members than @names: $line\n" if keys %$object != @names;
        show(map {
            my $value = $object->{$_} // die "no $_: $line\n";
            if (ref $value) { pack 'H*', $value->{hex} }
            else { utf8::encode(my $bytes = "$value"); $bytes }
        } @names);
    }
} elsif ($format eq 'binary') {
    my $at = 0;
    while ($at < length $text) {
        my ($key, $value) = unpack 'V V', substr $text, $at, 8;
        die "the last pair does not end\n" if $at + 8 + $key + $value > length $text;
        show(substr($text, $at + 8, $key), substr($text, $at + 8 + $key, $value));
        $at += 8 + $key + $value;
    }
} else {
    die "read_format.pl: what is $format?\n";
}
