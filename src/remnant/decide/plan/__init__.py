"""Plans: which area, which action, when and by whom, under budget, teams, season, access and deadlines."""

from remnant.decide.plan.answer import PlanAnswer as PlanAnswer
from remnant.decide.plan.answer import Point as Point
from remnant.decide.plan.answer import make_plan as make_plan
from remnant.decide.plan.answer import pareto_front as pareto_front
from remnant.decide.plan.check import faults_of as faults_of
from remnant.decide.plan.completion import Completion as Completion
from remnant.decide.plan.completion import completions as completions
from remnant.decide.plan.options import Options as Options
from remnant.decide.plan.options import options_of as options_of
from remnant.decide.plan.options import problem_of as problem_of
from remnant.decide.plan.problem import Problem as Problem
from remnant.decide.plan.problem import Solution as Solution
from remnant.decide.plan.records import ACTIONS as ACTIONS
from remnant.decide.plan.records import Access as Access
from remnant.decide.plan.records import Action as Action
from remnant.decide.plan.records import Must as Must
from remnant.decide.plan.records import Period as Period
from remnant.decide.plan.records import PlanAreas as PlanAreas
from remnant.decide.plan.records import Programme as Programme
from remnant.decide.plan.records import Task as Task
from remnant.decide.plan.records import TeamType as TeamType
from remnant.decide.plan.records import Weights as Weights
from remnant.decide.plan.records import days_each as days_each
from remnant.decide.plan.solve import solve as solve
