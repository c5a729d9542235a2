"""One run of the command for an algorithm: found, started, heard, and its refusal made an error of Processing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from qgis.core import QgsProcessingException, QgsProcessingFeedback

from remnant_qgis.process import (
    REFUSAL,
    CommandMissing,
    Finished,
    clean_environment,
    find_command,
    progress_of,
    refusal,
    run,
)
from remnant_qgis.settings import command_setting

Hear = Callable[[str], None]


def run_command(
    setting: str,
    arguments: Sequence[str],
    feedback: QgsProcessingFeedback,
    *,
    good_codes: Sequence[int] = (0,),
    hear: Hear | None = None,
) -> Finished:
    """Run the command and tell how far it is; returns how it ended.

    Parameters
    ----------
    setting
        The command as named in the dialog; empty: as in the options.
    hear
        Called with each line of the answer; left out: it goes to the log.

    Raises
    ------
    QgsProcessingException
        There is no command, it refused, or it was called off.
    """
    try:
        command = find_command(setting or command_setting())
    except CommandMissing as error:
        raise QgsProcessingException(str(error)) from error
    step = ""

    def on_err(line: str) -> None:
        nonlocal step
        told = progress_of(line)
        if told is None:
            if not line.startswith(REFUSAL):  # that one comes as the error of the run
                feedback.pushConsoleInfo(line)
            return
        if told[0] != step:
            step = told[0]
            feedback.setProgressText(step)
        feedback.setProgress(told[1])

    try:
        finished = run(
            [command, *arguments],
            environment=clean_environment(os.environ),
            on_out=hear or feedback.pushInfo,
            on_err=on_err,
            is_cancelled=feedback.isCanceled,
        )
    except OSError as error:
        raise QgsProcessingException(f"{command} could not be started: {error.strerror or error}.") from error
    if finished.is_cancelled:
        raise QgsProcessingException("Called off; the result folder is as it was before.")
    if finished.code not in good_codes:
        raise QgsProcessingException(refusal(finished))
    return finished
