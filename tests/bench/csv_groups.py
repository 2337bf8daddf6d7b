"""csv_groups.py INPUT OUTPUT - count, sum, least and greatest amount of each city, with Python's csv module."""
import csv
import sys


def hundredths(text):
    """The amount as a whole number of hundredths."""
    sign = -1 if text.startswith("-") else 1
    whole, _, rest = text.lstrip("-").partition(".")
    return sign * (int(whole) * 100 + int(rest.ljust(2, "0")))


def plain(number):
    """The amount without zeros at the end."""
    sign = "-" if number < 0 else ""
    return (sign + "%d.%02d" % divmod(abs(number), 100)).rstrip("0").rstrip(".")


def main(source, target):
    groups = {}
    with open(source, encoding="utf-8", newline="") as rows:
        reader = csv.reader(rows)
        header = next(reader)
        city, amount = header.index("city"), header.index("amount")
        for row in reader:
            value = hundredths(row[amount])
            group = groups.get(row[city])
            if group is None:
                groups[row[city]] = [1, value, value, value]
            else:
                group[0] += 1
                group[1] += value
                group[2] = min(group[2], value)
                group[3] = max(group[3], value)
    with open(target, "w", encoding="utf-8", newline="\n") as lines:
        for name in sorted(groups, key=lambda text: text.encode()):
            count, *amounts = groups[name]
            lines.write("\t".join([name, str(count), *map(plain, amounts)]) + "\n")


main(*sys.argv[1:])
