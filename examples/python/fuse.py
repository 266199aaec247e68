"""The example of examples/c in Python: python3 fuse.py A.gguf B.gguf"""
import sys

import coolfusion

QUESTION = "Anna buys 9 books for $7 each and 7 apples for $3 each. How much does she spend in total?\n"
CANDIDATES = ["The books cost 9 * 7 = 63 dollars.", "The apples cost 7 * 3 = 21 dollars.",
              "The books cost 9 * 7 = 56 dollars.", "She spends it all."]

if len(sys.argv) != 3:
    sys.exit("usage: fuse.py A.gguf B.gguf")
try:
    with coolfusion.Model(sys.argv[1]) as a, coolfusion.Model(sys.argv[2]) as b:
        print(coolfusion.fuse([a, b], QUESTION, limit=100))
        for text, first, second in zip(CANDIDATES, a.score(QUESTION, CANDIDATES), b.score(QUESTION, CANDIDATES)):
            print(f"{first:9.3f} {second:9.3f}  {text}")
except coolfusion.Error as error:
    sys.exit(f"fuse.py: {error}")
