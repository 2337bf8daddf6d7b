# What histogram has to print: images are made pixel by pixel, and the pixels counted while they are. See gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use gallery;

start(shift);
my (%counts, @files);

# An image with headers of one kind or another, rows that are padded with noise, and something behind them.
sub make_image {
    my ($width, $height) = (pick(0, 1, 2, 3, 4, 5, int rand 300), pick(0, 1, 2, int rand 300));
    my ($old, $top_down, $flat) = (chance(0.2), chance(0.5), chance(0.2));
    my $rows = "";
    for (1 .. $height) {
        for (1 .. $width) {
            my @pixel = map { $flat ? 255 : int rand 256 } 1 .. 3;
            $rows .= pack "C3", @pixel;
            $counts{blue}[$pixel[0]]++, $counts{green}[$pixel[1]]++, $counts{red}[$pixel[2]]++;
        }
        $rows .= chr rand 256 for 1 .. -(3 * $width) % 4;
    }
    my $header =
          $old
        ? pack("VvvvvV0", 12, $width, $height, 1, 24)
        : pack("Vl<l<vvV6", pick(40, 108, 124), $width, $top_down && !$old ? -$height : $height, 1, 24, (0) x 6);
    $header .= "\x07" x (unpack("V", $header) - length $header) . "gap" x rand 3;
    my $behind = "more" x rand 3;
    return pack("A2VvvV", "BM", 14 + length($header) + length $rows, 0, 0, 14 + length $header) . $header . $rows . $behind;
}

for my $number (0 .. rand 4) {
    push @files, "image$number";
    write_file($files[-1], make_image());
}
write_case(
    arguments => [@files, chance(0.2) ? ("--records", "whole") : ()],
    expected => [map { my $colour = $_; map { "$colour\t$_\t" . ($counts{$colour}[$_] // 0) . "\n" } 0 .. 255 } qw(blue green red)],
);
