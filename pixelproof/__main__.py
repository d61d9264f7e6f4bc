"""`python -m pixelproof`: the program, also where the project's folder was moved and its scripts name the old one."""

from pixelproof.cli import main

if __name__ == "__main__":
    main()
