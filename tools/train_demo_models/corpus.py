"""Grade-school word problems in the manner of GSM8K, made from templates written for this project.

Six families of three templates; every problem has two to three steps of arithmetic, a worked answer and a last line
"#### N". A problem belongs to train, dev, heldout or test by a hash of the sorted numbers in its question, whatever its
family: no number combination of one split occurs in another. This file knows nothing of tokens or models.
"""

import hashlib
import random
import re
from dataclasses import dataclass

HER = ["Anna", "Mia", "Lena", "Sara", "Ruth", "Nora", "Ivy", "Zoe"]
HIM = ["Tom", "Ben", "Omar", "Luis", "Paul", "Finn", "Max", "Leo"]
ITEMS = ["pens", "books", "apples", "cards", "stamps", "shells", "marbles", "stickers", "cookies", "balls", "cups", "toys"]
COLOURS = ["red", "blue", "green", "white"]
SPLITS = ("train", "dev", "heldout", "test")


@dataclass(frozen=True)
class Problem:
    family: str
    question: str
    answer: str

    @property
    def result(self):
        return self.answer.rsplit("#### ", 1)[1]

    @property
    def split(self):
        """train for 17 of 20 number combinations, one twentieth for each other split."""
        numbers = sorted(int(n) for n in re.findall(r"\d+", self.question))
        bucket = hashlib.sha256(repr(numbers).encode()).digest()[0] % 20
        return {0: "dev", 1: "heldout", 2: "test"}.get(bucket, "train")


def person(r):
    return (r.choice(HER), "she", "her") if r.random() < 0.5 else (r.choice(HIM), "he", "his")


def people(r, count):
    return r.sample(HER + HIM, count)


def worked(question, lines, result):
    return question, "\n".join(lines) + f"\n#### {result}"


def shopping(r):
    (name, she, _), (x, y) = person(r), r.sample(ITEMS, 2)
    a, p, kind = r.randint(2, 9), r.randint(2, 12), r.randrange(3)
    cost = a * p
    first = f"The {x} cost {a} * {p} = {cost} dollars."
    if kind == 0:
        b, q = r.randint(2, 9), r.randint(2, 12)
        total = cost + b * q
        return worked(f"{name} buys {a} {x} for ${p} each and {b} {y} for ${q} each. How much does {she} spend in total?",
                      [first, f"The {y} cost {b} * {q} = {b * q} dollars.",
                       f"{name} spends {cost} + {b * q} = {total} dollars."], total)
    if kind == 1:
        money = cost + r.randint(3, 60)
        return worked(f"{name} has ${money} and buys {a} {x} for ${p} each. How much money does {she} have left?",
                      [first, f"{name} has {money} - {cost} = {money - cost} dollars left."], money - cost)
    off, b = r.randint(2, min(20, cost - 1)), r.randint(3, 40)
    return worked(f"{name} buys {a} {x} for ${p} each and one bag for ${b}. A coupon takes ${off} off the price. "
                  f"How much does {she} pay?",
                  [first, f"With the bag it is {cost} + {b} = {cost + b} dollars.",
                   f"{name} pays {cost + b} - {off} = {cost + b - off} dollars."], cost + b - off)


def wages(r):
    name, she, _ = person(r)
    rate, kind = r.randint(3, 12), r.randrange(3)
    if kind == 0:
        hours, days = r.randint(2, 6), r.randint(2, 5)
        day = rate * hours
        return worked(f"{name} earns ${rate} an hour and works {hours} hours a day. How much does {she} earn in {days} days?",
                      [f"{name} earns {rate} * {hours} = {day} dollars a day.",
                       f"In {days} days {she} earns {day} * {days} = {day * days} dollars."], day * days)
    if kind == 1:
        a, b, extra = r.randint(2, 8), r.randint(2, 8), r.randint(5, 40)
        pay = (a + b) * rate
        return worked(f"{name} works {a} hours on Monday and {b} hours on Friday for ${rate} an hour and gets a bonus of "
                      f"${extra}. How much does {she} earn?",
                      [f"{name} works {a} + {b} = {a + b} hours.", f"For this {she} gets {a + b} * {rate} = {pay} dollars.",
                       f"With the bonus {she} earns {pay} + {extra} = {pay + extra} dollars."], pay + extra)
    hours = r.randint(2, 9)
    pay = rate * hours
    rent = r.randint(2, pay - 1)
    saved = r.randint(5, 60)
    return worked(f"{name} has saved ${saved}. Then {she} works {hours} hours for ${rate} an hour and spends ${rent} on food. "
                  f"How much money does {she} have now?",
                  [f"{name} earns {hours} * {rate} = {pay} dollars.", f"Now {she} has {saved} + {pay} = {saved + pay} dollars.",
                   f"After the food {she} has {saved + pay} - {rent} = {saved + pay - rent} dollars."], saved + pay - rent)


def sharing(r):
    (name, she, her), x, kind = person(r), r.choice(ITEMS), r.randrange(3)
    friends = r.randint(2, 9)
    if kind == 0:
        a, b = r.randint(2, 9), r.randint(3, 12)
        friends = r.choice([k for k in range(2, 13) if a * b % k == 0])
        each = a * b // friends
        return worked(f"{name} has {a} boxes with {b} {x} in each box. {name} shares all {x} equally among {friends} friends. "
                      f"How many {x} does each friend get?",
                      [f"{name} has {a} * {b} = {a * b} {x}.", f"Each friend gets {a * b} / {friends} = {each} {x}."], each)
    each = r.randint(3, 15)
    if kind == 1:
        total = friends * each
        a = r.randint(1, total - 1)
        one, two = r.sample(COLOURS, 2)
        return worked(f"{name} has {a} {one} {x} and {total - a} {two} {x}. {name} puts the same number of {x} into each of "
                      f"{friends} bags. How many {x} are in each bag?",
                      [f"{name} has {a} + {total - a} = {total} {x}.", f"Each bag holds {total} / {friends} = {each} {x}."], each)
    kept = r.randint(2, 40)
    total = friends * each + kept
    return worked(f"{name} has {total} {x}. {name} keeps {kept} of them and gives the rest to {her} {friends} friends in equal "
                  f"parts. How many {x} does each friend get?",
                  [f"{name} gives away {total} - {kept} = {total - kept} {x}.",
                   f"Each friend gets {total - kept} / {friends} = {each} {x}."], each)


def comparing(r):
    (a, b, c), x, kind = people(r, 3), r.choice(ITEMS), r.randrange(3)
    n = r.randint(3, 30)
    if kind == 0:
        times = r.randint(2, 5)
        n = r.randint(3, 25)
        fewer = r.randint(2, n * times - 1)
        return worked(f"{a} has {n} {x}. {b} has {times} times as many {x} as {a}. {c} has {fewer} fewer {x} than {b}. "
                      f"How many {x} does {c} have?",
                      [f"{b} has {n} * {times} = {n * times} {x}.",
                       f"{c} has {n * times} - {fewer} = {n * times - fewer} {x}."], n * times - fewer)
    more = r.randint(2, 40)
    if kind == 1:
        d = r.randint(2, 20)
        total = n + more - d
        return worked(f"{a} has {n} {x}. {b} has {more} more {x} than {a}. {c} has {d} fewer {x} than {b}. How many {x} do {b} "
                      f"and {c} have together?" if total > 0 else "",
                      [f"{b} has {n} + {more} = {n + more} {x}.", f"{c} has {n + more} - {d} = {total} {x}.",
                       f"Together they have {n + more} + {total} = {n + more + total} {x}."], n + more + total)
    times = r.randint(2, 4)
    return worked(f"{a} has {n} {x} and {b} has {more} {x}. {c} has {times} times as many {x} as {a} and {b} together. "
                  f"How many {x} does {c} have?",
                  [f"{a} and {b} have {n} + {more} = {n + more} {x}.",
                   f"{c} has {n + more} * {times} = {(n + more) * times} {x}."], (n + more) * times)


def changing(r):
    (name, she, her), x, kind = person(r), r.choice(ITEMS), r.randrange(3)
    start, gain = r.randint(10, 80), r.randint(3, 50)
    if kind == 0:
        lost, found = r.randint(2, start + gain - 1), r.randint(2, 30)
        now = start + gain - lost
        return worked(f"{name} has {start} {x} and gets {gain} more from {her} mother. Then {she} loses {lost} {x} and finds {found} "
                      f"{x}. How many {x} does {she} have now?",
                      [f"With the new ones {she} has {start} + {gain} = {start + gain} {x}.",
                       f"Then {she} has {start + gain} - {lost} = {now} {x}.",
                       f"Now {she} has {now} + {found} = {now + found} {x}."], now + found)
    if kind == 1:
        off, off2 = r.randint(2, start - 1), r.randint(1, 30)
        left = start - off + gain
        off2 = min(off2, left - 1)
        return worked(f"There are {start} people on a train. At the first stop {off} people get off and {gain} get on. At the next stop "
                      f"{off2} people get off. How many people are on the train now?",
                      [f"At the first stop {start} - {off} = {start - off} people stay.",
                       f"Then there are {start - off} + {gain} = {left} people.",
                       f"After the next stop there are {left} - {off2} = {left - off2} people."], left - off2)
    sold, more = r.randint(2, start - 1), r.randint(2, start - 1)
    first = start - sold
    more = min(more, first + gain - 1)
    return worked(f"A shop has {start} {x}. It sells {sold} {x} in the morning, buys {gain} new {x} at noon and sells {more} {x} in the "
                  f"evening. How many {x} are left?",
                  [f"After the morning there are {start} - {sold} = {first} {x}.",
                   f"At noon there are {first} + {gain} = {first + gain} {x}.",
                   f"In the end there are {first + gain} - {more} = {first + gain - more} {x}."], first + gain - more)


FRACTIONS = {2: "half", 3: "one third", 4: "one quarter", 5: "one fifth"}


def parts(r):
    (name, she, _), x, kind = person(r), r.choice(ITEMS), r.randrange(3)
    k = r.choice(list(FRACTIONS))
    if kind == 0:
        part = r.randint(3, 24)
        n = part * k
        rest = n - part
        gone = r.randint(2, rest - 1)
        one, two = r.sample(COLOURS, 2)
        return worked(f"There are {n} {x} in a box. Exactly {FRACTIONS[k]} of them are {one} and the rest are {two}. {name} takes {gone} of "
                      f"the {two} {x}. How many {two} {x} are left in the box?",
                      [f"There are {n} / {k} = {part} {one} {x}.", f"There are {n} - {part} = {rest} {two} {x}.",
                       f"In the box {rest} - {gone} = {rest - gone} {two} {x} are left."], rest - gone)
    if kind == 1:
        percent = r.choice([10, 20, 25, 50])
        n = r.randint(1, 15) * {10: 10, 20: 10, 25: 4, 50: 4}[percent]
        cut, fee = n * percent // 100, r.randint(2, 30)
        return worked(f"A coat costs ${n}. Today its price is {percent} percent lower. {name} buys it and pays ${fee} more for a hat. "
                      f"How much does {she} pay in total?",
                      [f"The price falls by {n} * {percent} / 100 = {cut} dollars.", f"The coat costs {n} - {cut} = {n - cut} dollars.",
                       f"{name} pays {n - cut} + {fee} = {n - cut + fee} dollars."], n - cut + fee)
    a, b = r.randint(5, 60), r.randint(5, 60)
    a += -(a + b) % k
    total = a + b
    return worked(f"{name} picks {a} {x} on Monday and {b} {x} on Friday. Then {she} gives {FRACTIONS[k]} of all {x} to a friend. "
                  f"How many {x} does {she} keep?",
                  [f"{name} picks {a} + {b} = {total} {x}.", f"The friend gets {total} / {k} = {total // k} {x}.",
                   f"{name} keeps {total} - {total // k} = {total - total // k} {x}."], total - total // k)


FAMILIES = {f.__name__: f for f in (shopping, wages, sharing, comparing, changing, parts)}


def problems(split, seed, mixture=None):
    """Endless problems of one split; `mixture` maps families to weights (uniform without)."""
    r = random.Random(f"{split} {seed}")
    names = list(FAMILIES)
    weights = [1.0 if mixture is None else mixture[n] for n in names]
    while True:
        family = r.choices(names, weights)[0]
        question, answer = FAMILIES[family](r)
        problem = Problem(family, question, answer) if question else None
        if problem and problem.split == split:
            yield problem


def fixed_set(split, count, seed=1):
    """`count` different problems of a split, families in turn."""
    r, seen, chosen = random.Random(f"fixed {split} {seed}"), set(), []
    names = list(FAMILIES)
    while len(chosen) < count:
        family = names[len(chosen) % len(names)]
        question, answer = FAMILIES[family](r)
        problem = Problem(family, question, answer) if question else None
        if problem and problem.split == split and question not in seen:
            seen.add(question)
            chosen.append(problem)
    return chosen
