"""multiprocessing_jobs.py wordcount|stats INPUT OUTPUT JOBS - what one writes in Python, with its multiprocessing.

The input is cut into parts at line ends; each is read and counted by a process of the pool; the results are added up in
the parent and written in the form of mr's plugins.
"""
import collections
import multiprocessing
import os
import sys

PART = 16 << 20  # bytes of input for each task


def parts_of(path):
    """Yields (path, start, end), where both are beginnings of lines or the end of the file."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = 0
        while start < size:
            file.seek(min(start + PART, size))
            file.readline()
            yield path, start, file.tell()
            start = file.tell()


def read_part(part):
    path, start, end = part
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(end - start)


def count_words(part):
    return collections.Counter(read_part(part).lower().split())


def add_counts(results):
    total = collections.Counter()
    for result in results:
        total.update(result)
    for word in sorted(total):
        yield b"%s\t%d\n" % (word, total[word])


def fold_rows(part):
    """Returns [minimum, maximum, sum, count] in tenths for each name."""
    statistics = {}
    for row in read_part(part).splitlines():
        name, number = row.split(b";")
        value = int(number.replace(b".", b""))
        entry = statistics.get(name)
        if entry is None:
            statistics[name] = [value, value, value, 1]
            continue
        if value < entry[0]:
            entry[0] = value
        if value > entry[1]:
            entry[1] = value
        entry[2] += value
        entry[3] += 1
    return statistics


def tenths(value):
    return b"%s%d.%d" % (b"-" if value < 0 else b"", abs(value) // 10, abs(value) % 10)


def add_statistics(results):
    total = {}
    for result in results:
        for name, (low, high, value, count) in result.items():
            entry = total.setdefault(name, [low, high, 0, 0])
            total[name] = [min(entry[0], low), max(entry[1], high), entry[2] + value, entry[3] + count]
    for name in sorted(total):
        low, high, value, count = total[name]
        mean = (2 * abs(value) + count) // (2 * count)
        yield b"\t".join([name, tenths(low), tenths(-mean if value < 0 else mean), tenths(high), b"%d\n" % count])


def main():
    job, input_path, output_path, jobs = sys.argv[1:]
    part_function, join = {"wordcount": (count_words, add_counts), "stats": (fold_rows, add_statistics)}[job]
    with multiprocessing.Pool(int(jobs)) as pool, open(output_path, "wb") as output:
        output.writelines(join(pool.imap_unordered(part_function, parts_of(input_path))))


if __name__ == "__main__":
    main()
