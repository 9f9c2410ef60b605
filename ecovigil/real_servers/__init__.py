"""The servers of production on this machine, with the settings that deploy/ ships: for benchmarks, drills and tests in a checkout."""
