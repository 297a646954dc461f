"""`torana` and `python -m torana`."""


def main() -> None:
    """Run the command line."""
    from torana.cli.run import run

    run()


if __name__ == "__main__":
    main()
