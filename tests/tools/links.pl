#!/usr/bin/perl
# links.pl ROOT DOCUMENT... - says which links of documents (Markdown, paths below ROOT) lead to files or headings that
# there are not, and which sources they name that are not there.
use strict;
use warnings;

my ($root, @documents) = @ARGV;
my %sources = map { s{.*/}{}r => 1 } glob "$root/src/*.[ch] $root/src/*/*.[ch] $root/plugins/*.[ch] $root/tests/*/*.[ch]";

sub text_of {
    open my $in, '<', shift or return undef;
    local $/;
    return scalar <$in>;
}

# What can stand behind the # of a link to a document.
sub anchors_of {
    my $text = text_of(shift) // return {};
    $text =~ s/^```.*?^```//gms;
    return {map { lc =~ s/[^\w\- ]//gr =~ tr/ /-/r => 1 } $text =~ /^#+ (.*)$/mg};
}

for my $document (@documents) {
    my $text = text_of("$root/$document") // die "$document: $!\n";
    my $folder = $document =~ m{^(.*/)} ? $1 : '';
    for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
        my ($path, $anchor) = split /#/, $link, 2;
        next if $path =~ /^\w+:/;
        my $file = length $path ? "$root/$folder$path" : "$root/$document";
        print "$document: there is no $path\n" if !-e $file;
        print "$document: there is no heading #$anchor in $file\n" if defined $anchor && !anchors_of($file)->{$anchor};
    }
    next if $document ne 'src/README.md';
    for my $source ($text =~ m{`(?:[a-z]+/)*([a-z_0-9]+\.[ch])`}g) {
        print "$document: there is no $source\n" if !$sources{$source} && $source !~ /^std/;
    }
}
