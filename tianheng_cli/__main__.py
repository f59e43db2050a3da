"""`python -m tianheng_cli`."""

from tianheng_cli.main import main

main()
