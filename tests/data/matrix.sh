#!/bin/bash
# The promises of datasets/generate_matrix and generate_bmp: the same bytes everywhere, and answers that Perl finds as well.
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/generating.sh"
generator=$build/datasets/generate_matrix

expect_pinned 4f4930926f21c62c09ce44482b3859a9902fb723fecb53ec9c5f83569ef3a1c4
expect_pinned 2adca300c97ec9768e675bbefa4684ebcb5a18087307d6a95c59902d461ed360 --largest 1000 --format int64

# product_of FIRST SECOND - two matrices as text, multiplied.
product_of() {
    perl -e 'sub matrix { open my $from, "<", shift or die; map { [split /[ ,]/] } <$from> }
        my ($comma, @first) = ($ARGV[2], matrix($ARGV[0]));
        my @second = matrix($ARGV[1]);
        for my $row (@first) {
            my @product = (0) x @{$second[0]};
            for my $i (0 .. $#$row) { $product[$_] += $row->[$i] * $second[$i][$_] for 0 .. $#product }
            print join($comma, @product), "\n" }' "$1" "$2" "$3"
}

for options in "--rows 100" "--rows 1 --columns 1 --second-columns 1" "--rows 3 --columns 200 --second-columns 2 --largest 1000" \
    "--rows 50 --columns 1 --second-columns 60 --seed 18446744073709551615" "--rows 20 --columns 30 --largest 0" "--rows 0"; do
    for format in text csv; do
        # shellcheck disable=SC2086 # the options are meant to be split
        "$generator" $options --format $format --output first --second second --answer answer || fail "'$options' failed"
        [[ $format == csv ]] && separator=, || separator=' '
        product_of first second "$separator" >expected
        expect_same expected answer "the answer of '$options' as $format"
        for kind in "double d" "int64 q"; do
            # shellcheck disable=SC2086 # the options are meant to be split
            "$generator" $options --format ${kind% *} --output binary --second binary2 --answer answer.binary || fail "${kind% *}"
            [[ $format == csv ]] || expect_same answer answer.binary "the answer of '$options' as ${kind% *}"
            for file in binary binary2; do
                [[ $file == binary ]] && text=first || text=second
                perl -e 'local $/; print "$_\n" for unpack shift . "*", <STDIN>' "${kind#* }" <$file >numbers
                tr ' ,' '\n\n' <$text | cmp -s - numbers || fail "the numbers of '$options' as ${kind% *}"
            done
        done
    done
done

expect_other_seed
expect_help
expect_usage_errors "--rows x" "--rows 1048577" "--columns 0" "--largest 1001" "--format xml" "--rows 1048576 --columns 1048576" \
    "--columns 1048576 --second-columns 1048576 --answer product" "--colour" "extra" "--output same --answer same"
expect_failing_files --answer --second

generator=$build/datasets/generate_bmp
expect_pinned 2a23970ed3748328bebeac8459085059da6a34b474d628663afe32bddf5be6ed
expect_pinned cc389e8be0b4585e31edb7a4e7814b2d81906e7c3e24aa1850f349393e501956 --width 250 --height 70 --order top-down --gap 3

# histogram_of BMP - reads a file as its headers describe it.
histogram_of() {
    perl -e 'local $/; $_ = <STDIN>;
        my ($magic, $size, $offset, $header, $width, $height, $planes, $bits, $compression) = unpack "a2 V x4 V V l< l< v v V", $_;
        die "not the expected headers" if $magic ne "BM" || $size != length || $header != 40 || $planes != 1 || $bits != 24 || $compression;
        my $row = int(($width * 3 + 3) / 4) * 4;
        die "not the expected size" if $size != $offset + abs($height) * $row;
        for my $y (0 .. abs($height) - 1) {
            my @bytes = unpack "C*", substr $_, $offset + $y * $row, $width * 3;
            $count[$_ % 3][$bytes[$_]]++ for 0 .. $#bytes;
        }
        for my $channel (0 .. 2) { print +("blue", "green", "red")[$channel], "\t$_\t", $count[$channel][$_] // 0, "\n" for 0 .. 255 }' <"$1"
}

for options in "--seed 7" "--width 1 --height 1" "--width 2 --height 3" "--width 3 --height 2 --gap 10" "--width 4 --height 5" \
    "--width 0" "--height 0" "--width 3000 --height 30 --order top-down"; do
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" $options --output picture --answer answer || fail "'$options' failed"
    histogram_of picture >expected
    expect_same expected answer "the answer of '$options'"
done
# A negative height says that the rows come from the top down.
[[ $("$generator" --order top-down --height 2 | od -An -t d4 -j 22 -N 4 | tr -d ' ') -eq -2 ]] || fail "the height is not negative"

expect_other_seed
expect_help
expect_usage_errors "--width x" "--height 1048577" "--width 40000 --height 40000" "--order sideways" "--gap -1" "--colour" "extra" \
    "--output same --answer same"
expect_failing_files --answer
finish
