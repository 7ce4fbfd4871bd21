"""Times the peers and floors that `Benchmarks aims` compares Fieldwork with.

    peers.py WORKLOAD --n N [--store PATH]

prints one JSON line {"workload", "n", "seconds"}. The time excludes the start of Python and imports.

Workloads:
  sqlite-experiments  one writer adds N experiments to a new database, each with one saved number
  sqlite-iterations   one writer adds N saved numbers of one experiment to a new database
  product             the configs of a grid of three parameters, as dictionaries; N is rounded down to
                      a multiple of 10,000
  pandas              a data frame of the first N saved values of the database of a Fieldwork store
"""

import argparse
import itertools
import json
import math
import os
import sqlite3
import tempfile
import time

EXPERIMENTS_A_COMMIT = 1_000
VALUES_A_COMMIT = 10_000


def open_floor(path):
    """A new database with the settings of a Fieldwork store and tables without secondary indexes,
    except for the unique keys of experiments."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(
        "CREATE TABLE experiment (number INTEGER PRIMARY KEY, key TEXT UNIQUE, config TEXT, state TEXT)"
    )
    database.execute(
        "CREATE TABLE value (experiment INTEGER, variable INTEGER, iteration INTEGER, content)"
    )
    return database


def batches(count, size):
    for begin in range(0, count, size):
        yield range(begin, min(count, begin + size))


INSERT_EXPERIMENT = "INSERT INTO experiment VALUES (?, ?, ?, ?)"
INSERT_VALUE = "INSERT INTO value VALUES (?, ?, ?, ?)"


def write(path, count, rows_a_commit, statements):
    """Runs each statement, with the arguments that its function returns, for each number."""
    database = open_floor(path)
    begin = time.perf_counter()
    for batch in batches(count, rows_a_commit):
        database.execute("BEGIN")
        for statement, arguments in statements:
            database.executemany(statement, map(arguments, batch))
        database.execute("COMMIT")
    return count, time.perf_counter() - begin


def write_experiments(path, count):
    return write(
        path,
        count,
        EXPERIMENTS_A_COMMIT,
        [
            (INSERT_EXPERIMENT, lambda n: (n, f"{n:032x}", f'{{"x":{n}}}', "done")),
            (INSERT_VALUE, lambda n: (n, 0, 0, n)),
        ],
    )


def write_iterations(path, count):
    return write(path, count, VALUES_A_COMMIT, [(INSERT_VALUE, lambda n: (0, 0, n, float(n)))])


def make_configs(count):
    names = ("a", "b", "c")
    parameters = (range(1, 101), range(1, 101), range(1, max(1, count // 10_000) + 1))
    begin = time.perf_counter()
    for values in itertools.product(*parameters):
        dict(zip(names, values))
    return math.prod(map(len, parameters)), time.perf_counter() - begin


def read_values(path, count):
    import pandas

    begin = time.perf_counter()
    database = sqlite3.connect(path)
    frame = pandas.read_sql_query(
        """
        SELECT experiment.id, variable.name, value.iteration, value.content AS value
        FROM value
        JOIN experiment ON experiment.number = value.experiment
        JOIN variable ON variable.number = value.variable
        LIMIT ?
        """,
        database,
        params=(count,),
    )
    return len(frame), time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "workload", choices=("sqlite-experiments", "sqlite-iterations", "product", "pandas")
    )
    parser.add_argument("--n", type=int, required=True, help="how many")
    parser.add_argument(
        "--store",
        metavar="PATH",
        help="pandas: the database to read; sqlite-…: the database to make, by default a temporary one",
    )
    arguments = parser.parse_args()
    if arguments.n < 1:
        parser.error("--n is a number from 1 up")
    if arguments.workload == "pandas" and not arguments.store:
        parser.error("pandas reads a database: give --store")
    with tempfile.TemporaryDirectory() as folder:
        store = arguments.store or os.path.join(folder, "floor.sqlite")
        count, seconds = {
            "sqlite-experiments": lambda: write_experiments(store, arguments.n),
            "sqlite-iterations": lambda: write_iterations(store, arguments.n),
            "product": lambda: make_configs(arguments.n),
            "pandas": lambda: read_values(store, arguments.n),
        }[arguments.workload]()
    print(json.dumps({"workload": arguments.workload, "n": count, "seconds": seconds}))


if __name__ == "__main__":
    main()
