"""Minimizes the functions of `Benchmarks search` with a sampler of Optuna, and prints a line of JSON for each search.

search.py BENCHMARKS SAMPLER CONFIGS SEEDS WINDOW FUNCTION...

The functions are evaluated by the program BENCHMARKS, so both sides have the same ones.
"""

import json
import subprocess
import sys
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

MARKS = (50, 100, 300)


def sampler(name, seed):
    if name == "gp":
        import torch

        torch.set_num_threads(1)
        return optuna.samplers.GPSampler(seed=seed)
    kinds = {"tpe": optuna.samplers.TPESampler, "cma": optuna.samplers.CmaEsSampler}
    return kinds[name](seed=seed)


def suggest(trial, parameter):
    kind, name = parameter[0], parameter[1]
    if kind == "float":
        return trial.suggest_float(name, parameter[2], parameter[3])
    if kind == "log":
        return trial.suggest_float(name, parameter[2], parameter[3], log=True)
    if kind == "int":
        return trial.suggest_int(name, parameter[2], parameter[3])
    return trial.suggest_categorical(name, parameter[2])


def main():
    program, name, configs, seeds, window = sys.argv[1:6]
    configs, window = int(configs), int(window)
    first, last = map(int, seeds.split("-"))
    server = subprocess.Popen(
        [program, "search", "--evaluate"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def ask(request):
        server.stdin.write(json.dumps(request) + "\n")
        return json.loads(server.stdout.readline())

    for function in sys.argv[6:]:
        shape = ask({"function": function})
        for seed in range(first, last):
            study = optuna.create_study(sampler=sampler(name, seed))
            best, value_of_best, at, running = float("inf"), float("inf"), [], []
            for number in range(configs):
                trial = study.ask()
                values = {p[1]: suggest(trial, p) for p in shape["parameters"]}
                for key, wanted, parameters in shape["conditions"]:
                    if values[key] == wanted:
                        values.update({p[1]: suggest(trial, p) for p in parameters})
                value, loss = ask({"function": function, "seed": seed, "number": number, "values": values})
                if value < value_of_best:
                    value_of_best, best = value, loss
                if number + 1 in MARKS:
                    at.append(best)
                running.append((trial, value))
                if len(running) >= window:
                    study.tell(*running.pop(0))
            print(json.dumps({"searcher": name, "window": window, "function": function, "seed": seed, "losses": at}), flush=True)


main()
