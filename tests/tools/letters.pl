#!/usr/bin/perl
# letters.pl FILE... - counts the words of letters in UTF-8 text, as a second opinion on words=letters: here it is Perl's
# own \p{L} that says what a letter is. Prints `word TAB count` in byte order. Invalid UTF-8 separates words.
use strict;
use warnings;
use Encode ();

# The well-formed sequences, as table 3-7 of the Unicode Standard lists them. (Encode::decode skips more than the
# invalid byte in some malformed sequences, so the cutting is done here.)
my $tail       = qr/[\x80-\xBF]/;
my $well_formed = qr/[\x00-\x7F]|[\xC2-\xDF]$tail|\xE0[\xA0-\xBF]$tail|[\xE1-\xEC\xEE\xEF]$tail$tail|\xED[\x80-\x9F]$tail
                    |\xF0[\x90-\xBF]$tail$tail|[\xF1-\xF3]$tail$tail$tail|\xF4[\x80-\x8F]$tail$tail/x;

my %count;
for my $name (@ARGV) {
    open my $file, '<:raw', $name or die "letters.pl: $name: $!\n";
    while (defined(my $line = <$file>)) {
        for my $piece ($line =~ /((?:$well_formed)+)/g) {
            my $text = Encode::decode('UTF-8', $piece, Encode::FB_CROAK);
            $count{$1}++ while $text =~ /(\p{L}+)/g;
        }
    }
    close $file or die "letters.pl: $name: $!\n";
}
my %bytes = map { Encode::encode('UTF-8', $_) => $count{$_} } keys %count;
binmode STDOUT;
print "$_\t$bytes{$_}\n" for sort keys %bytes;
