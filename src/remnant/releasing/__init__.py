"""From a weighed case and a policy to release verdicts, both errors, and what each record weighs."""

from remnant.releasing.answer import ReleaseAnswer as ReleaseAnswer
from remnant.releasing.answer import release_of as release_of
from remnant.releasing.held import HeldDraws as HeldDraws
from remnant.releasing.held import held_draws as held_draws
from remnant.releasing.held import judge_held as judge_held
from remnant.releasing.judge import Judge as Judge
from remnant.releasing.judge import Judged as Judged
from remnant.releasing.judge import Waiting as Waiting
from remnant.releasing.judge import usual_method as usual_method
from remnant.releasing.judge import worked_in as worked_in
from remnant.releasing.leaving_out import MOST_RECORDS as MOST_RECORDS
from remnant.releasing.leaving_out import RecordWeights as RecordWeights
from remnant.releasing.leaving_out import record_weights as record_weights
