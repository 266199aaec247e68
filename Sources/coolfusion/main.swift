// Says that the command line is not here yet.
print("not built yet")
