#!/usr/bin/perl
# Whether JSON files are what a JSON schema says, as far as the schemas of mr make use of schemas:
#
#     perl schema.pl [--closed] SCHEMA FILE...
#
# --closed: no object may have members that the schema does not name, whatever it says itself.
# Prints what is wrong, a line for each file; exit status 1 if anything is.
use strict;
use warnings;
use B;
use JSON::PP;

sub read_json {
    open my $file, '<', shift or die "$!\n";
    local $/;
    return JSON::PP->new->utf8->decode(scalar <$file>);
}

my $closed = @ARGV && $ARGV[0] eq '--closed' && shift @ARGV;
my ($schema_path, @files) = @ARGV;
my $root = read_json($schema_path);

sub type_of {
    my $value = shift;
    return 'null' unless defined $value;
    return 'object' if ref $value eq 'HASH';
    return 'array' if ref $value eq 'ARRAY';
    return 'boolean' if JSON::PP::is_bool($value);
    return 'string' if !(B::svref_2object(\$value)->FLAGS & (B::SVp_IOK() | B::SVp_NOK()));
    return $value == int $value ? 'integer' : 'number';
}

# Why a value is not what a schema says; nothing when it is.
sub wrong {
    my ($schema, $value, $at) = @_;
    my $type = type_of($value);
    if (my $reference = $schema->{'$ref'}) {
        my ($name) = $reference =~ m{^#/\$defs/(.*)} or die "$reference?\n";
        my $why = wrong($root->{'$defs'}{$name}, $value, $at);
        return $why if $why;
    }
    if (my $types = $schema->{type}) {
        my %allowed = map { $_ => 1 } ref $types ? @$types : $types;
        return "$at is of type $type" unless $allowed{$type} || ($type eq 'integer' && $allowed{number});
    }
    if (my $choices = $schema->{enum}) {
        my $text = $value // 'null';
        return "$at is $text" unless grep { ($_ // 'null') eq $text } @$choices;
    }
    for my $word (qw(anyOf oneOf)) {
        my $choices = $schema->{$word} or next;
        my $right = grep { !wrong($_, $value, $at) } @$choices;
        return "$at fits $right of $word" if $word eq 'oneOf' ? $right != 1 : !$right;
    }
    return "$at is too small" if defined $schema->{minimum} && $type =~ /integer|number/ && $value < $schema->{minimum};
    return "$at is too large" if defined $schema->{maximum} && $type =~ /integer|number/ && $value > $schema->{maximum};
    if ($type eq 'string') {
        return "$at does not match" if $schema->{pattern} && $value !~ /$schema->{pattern}/;
        return "$at is too short" if length $value < ($schema->{minLength} // 0);
    } elsif ($type eq 'array') {
        return "$at has too few or too many elements"
            if @$value < ($schema->{minItems} // 0) || @$value > ($schema->{maxItems} // 1e9);
        for my $i (0 .. $#$value) {
            my $why = $schema->{items} && wrong($schema->{items}, $value->[$i], "$at\[$i]");
            return $why if $why;
        }
    } elsif ($type eq 'object') {
        exists $value->{$_} or return "$at lacks $_" for @{$schema->{required} // []};
        for my $name (sort keys %$value) {
            my $why = $schema->{propertyNames} && wrong($schema->{propertyNames}, $name, "the name $name");
            return $why if $why;
            my $known = $schema->{properties};
            my $member = $known && $known->{$name};
            for my $pattern (sort keys %{$schema->{patternProperties} // {}}) {
                $member //= $schema->{patternProperties}{$pattern} if $name =~ /$pattern/;
            }
            $member //= $schema->{additionalProperties} // ($closed && $known ? 0 : next);
            return "$at has no $name" unless ref $member eq 'HASH';
            $why = wrong($member, $value->{$name}, "$at.$name");
            return $why if $why;
        }
    }
    return;
}

my $failed = 0;
for my $file (@files) {
    my $why = wrong($root, read_json($file), 'it') or next;
    print "$file: $why\n";
    $failed = 1;
}
exit $failed;
