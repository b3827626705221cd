"""The command line: one file per command, assembled here. Heavy libraries are imported when a command runs.

Exit codes: 0 done, 1 stop, 2 edit something, 3 agree to something, 4 done but records were refused,
75 try later, 78 wrong org.
"""

from __future__ import annotations

import typer

from crm_sync.entrypoints.cli import (
    approve,
    archive,
    audit,
    check,
    demo,
    explain,
    forecast,
    forget,
    letter,
    mapping,
    org,
    plan,
    replay,
    report,
    retention,
    run,
    serve,
    simulate,
    sweep,
)

app = typer.Typer(
    name="crm-sync",
    help="Run a customer reference program inside Salesforce: who may be asked, who is asked next, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(check.check)
app.command()(plan.plan)
app.command()(run.run)
app.command()(explain.explain)
app.command("forecast")(forecast.show_forecast)
app.command()(letter.letter)
app.command()(report.report)
app.command()(serve.serve)
app.command()(simulate.simulate)
app.command()(sweep.sweep)
app.command()(approve.approve)
app.command()(replay.replay)
app.command()(archive.archive)
app.command()(retention.retention)
app.command()(forget.forget)
app.add_typer(audit.app, name="audit")
app.add_typer(mapping.app, name="mapping")
app.add_typer(org.app, name="org")
