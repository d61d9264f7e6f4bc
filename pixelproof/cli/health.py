"""The command that looks for what is wrong."""

import json

import typer

from pixelproof.cli.app import JsonOption, app


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is wrong with the installation and this project, a line each with the remedy."""
    from pixelproof.doctor import examination

    findings = []
    for finding in examination.examine():
        findings.append(finding)
        if not as_json:
            typer.echo(examination.line(finding))
    typer.echo(json.dumps(examination.as_json(findings), indent=2) if as_json else examination.summary(findings))
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)
