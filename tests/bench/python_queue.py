"""python_queue.py LENGTH COUNT - pass messages from one process to another through Python's multiprocessing.Queue."""
import multiprocessing
import sys


def produce(queue, length, count):
    message = bytes(length)
    for _ in range(count):
        queue.put(message)


def main():
    length, count = int(sys.argv[1]), int(sys.argv[2])
    queue = multiprocessing.Queue(1000)
    producer = multiprocessing.Process(target=produce, args=(queue, length, count), daemon=True)
    producer.start()
    for _ in range(count):
        queue.get()
    producer.join()


if __name__ == "__main__":
    main()
