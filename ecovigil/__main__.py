"""`python -m ecovigil`."""

from ecovigil.cli import main

main()
