"""Starts the sandbox; the work is registercodes.sandbox.cli, which needs no Django."""

import argparse

from django.core.management.base import BaseCommand, CommandError

from registercodes.sandbox import cli


class Command(BaseCommand):
    help = "Run a local stand-in for Tencent Cloud TAT's API, on a loopback address."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *args: object, **options: object) -> None:
        try:
            cli.serve(argparse.Namespace(**options))
        except (OSError, ValueError) as problem:
            raise CommandError(str(problem)) from None
